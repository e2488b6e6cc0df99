package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

// listFlags are those of every list.
type listFlags struct {
	limit  int
	cursor string
	all    bool
}

func (f *listFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.limit, "limit", 0, "`N` items at most, 1 to 200 (default 50)")
	flags.StringVar(&f.cursor, "cursor", "", "show the page after the one that ended with this `CURSOR`")
	flags.BoolVar(&f.all, "all", false, "show all pages")
}

// spanFlags bound the time of creation.
type spanFlags struct{ since, until string }

func (f *spanFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.since, "since", "", "only what was made at this `TIME` or later: 2026-01-02T15:04:05Z, or 2h, 7d ago")
	flags.StringVar(&f.until, "until", "", "only what was made before this `TIME`")
}

func (f *spanFlags) span(now time.Time) (span client.Span, err error) {
	if span.Since, err = parsePast("--since", f.since, now); err != nil {
		return span, err
	}
	span.Until, err = parsePast("--until", f.until, now)
	return span, err
}

// wholePage is the largest page that the API gives.
const wholePage = 200

// page is the first one to get.
func (f *listFlags) page(cmd *cobra.Command) (client.Page, error) {
	given := cmd.Flags().Changed("limit")
	switch {
	case given && f.all:
		return client.Page{}, wrongUse("--all shows all pages, so that --limit has no meaning; give one of them")
	case given && (f.limit < 1 || f.limit > wholePage):
		return client.Page{}, wrongUse("--limit %d: it must be between 1 and %d; --all shows all", f.limit, wholePage)
	case f.all:
		return client.Page{Limit: wholePage, Cursor: f.cursor}, nil
	}
	return client.Page{Limit: f.limit, Cursor: f.cursor}, nil
}

// showList prints a page of a list, or all pages.
func showList[T any](s *session, f *listFlags, columns []column, get func(client.Page) (*client.List[T], error), row func(*T) []cell) error {
	page, err := f.page(s.cmd)
	if err != nil {
		return err
	}
	if s.out.json && f.all {
		return showAllJSON(s, page, get)
	}
	t := newTable(s.out, columns)
	for {
		l, err := get(page)
		if err != nil {
			return err
		}
		if s.out.json {
			return s.out.printJSON(s.answers.body())
		}
		if len(l.Items) == 0 && !t.headed && s.out.terminal {
			s.out.notef("There are none.")
			return nil
		}
		for i := range l.Items {
			t.add(row(&l.Items[i]))
		}
		if err := t.flush(); err != nil {
			return err
		}
		if l.NextCursor == "" {
			return nil
		}
		if !f.all {
			s.out.notef("There are more: --cursor %s shows the next page, --all shows all.", l.NextCursor)
			return nil
		}
		page.Cursor = l.NextCursor
	}
}

// showAllJSON prints all pages as one list, an item a line, as they come.
func showAllJSON[T any](s *session, page client.Page, get func(client.Page) (*client.List[T], error)) error {
	before := `{"items": [`
	for {
		l, err := get(page)
		if err != nil {
			return err
		}
		var answer struct {
			Items []json.RawMessage `json:"items"`
		}
		if err := json.Unmarshal(s.answers.body(), &answer); err != nil {
			return err
		}
		var b bytes.Buffer
		for _, item := range answer.Items {
			b.WriteString(before + "\n")
			if err := json.Compact(&b, item); err != nil {
				return err
			}
			before = ","
		}
		text := b.String()
		if s.out.terminal {
			text = escapeJSON(text)
		}
		if page.Cursor = l.NextCursor; page.Cursor == "" {
			if before == "," {
				before = "\n"
			}
			text += before + "]}\n"
		}
		if _, err := io.WriteString(s.out.w, text); err != nil || page.Cursor == "" {
			return err
		}
	}
}
