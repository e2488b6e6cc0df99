package engine

import (
	"encoding/base64"
	"strings"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// Limits of lists.
const (
	DefaultLimit = 50
	MaxLimit     = 200
	// maxListBytes ends a page of jobs or events early, so that a page of
	// large ones stays a size that a client can take.
	maxListBytes = 8 << 20
)

// namePage is page for a list by name.
func (p Paging) namePage(valid func(name string) bool) (store.NamePage, error) {
	page, err := p.page(valid)
	return store.NamePage{Limit: page.Limit, After: page.Before}, err
}

// cursorVersion leads a cursor before encoding, so that its meaning can change.
const cursorVersion = "1:"

// page turns a Paging into the store's terms; one more than asked for is
// fetched to see whether there is a next page.
func (p Paging) page(valid func(id string) bool) (store.Page, error) {
	if p.Limit < 1 || p.Limit > MaxLimit {
		return store.Page{}, ringback.Invalid("limit", "%d is not between 1 and %d", p.Limit, MaxLimit)
	}
	if p.Cursor == "" {
		return store.Page{Limit: p.Limit + 1}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	id, ok := strings.CutPrefix(string(raw), cursorVersion)
	if err != nil || !ok || !valid(id) {
		return store.Page{}, ringback.Invalid("cursor", "this is no cursor of this list; use next_cursor of the page before, as it is")
	}
	return store.Page{Limit: p.Limit + 1, Before: id}, nil
}

// list cuts a page to its limit and makes the cursor of the next one. more says
// that the store stopped early.
func list[T any](items []*T, limit int, id func(*T) string) *List[T] {
	l := &List[T]{Items: items}
	if len(items) > limit {
		l.Items = items[:limit]
		l.Next = cursorAfter(id(l.Items[limit-1]))
	}
	return l
}

func cursorAfter(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorVersion + id))
}

// isID makes a check for ids of one kind.
func isID(prefix string) func(string) bool {
	return func(id string) bool { return ringback.ValidID(prefix, id) }
}

// endEarly gives a page its cursor if the store ended it for its size.
func endEarly[T any](l *List[T], size int, id func(*T) string) {
	if l.Next == "" && size > maxListBytes {
		l.Next = cursorAfter(id(l.Items[len(l.Items)-1]))
	}
}
