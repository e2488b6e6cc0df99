package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// List is a page of a list, the newest first.
type List[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"` // the Cursor of the next page; "" on the last one
}

// Page asks for a page of a list.
type Page struct {
	Limit  int    // items at most, 1–200; 0 = 50
	Cursor string // NextCursor of the page before; "" = the first page
}

// Span bounds the time of creation.
type Span struct {
	Since time.Time // only what was created then or later; zero = no bound
	Until time.Time // only what was created before; zero = no bound
}

// filter makes a query of names and values, without those that are empty.
func filter(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// number is a parameter's value; 0 leaves it out.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (p Page) query() []string { return []string{"limit", number(p.Limit), "cursor", p.Cursor} }

func (s Span) query() []string {
	return []string{"since", instant(s.Since), "until", instant(s.Until)}
}

// list gets a page.
func list[T any](ctx context.Context, c *Client, path string, pairs ...[]string) (*List[T], error) {
	var all []string
	for _, p := range pairs {
		all = append(all, p...)
	}
	l := &List[T]{}
	_, err := c.do(ctx, call{method: http.MethodGet, path: path, query: filter(all...), out: l, repeatable: true})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// all goes through a list page by page, from the given one on. An error ends
// it.
func all[T any](page Page, get func(Page) (*List[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for {
			l, err := get(page)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range l.Items {
				if !yield(&l.Items[i], nil) {
					return
				}
			}
			if page.Cursor = l.NextCursor; page.Cursor == "" {
				return
			}
		}
	}
}
