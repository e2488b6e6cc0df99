package sqlite

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

// loaded is a delivery with what its body is made of.
type loaded struct {
	store.Claimed

	broken *brokenError // nil = all is there
}

// brokenError tells what a delivery lacks; nothing is deleted before the
// deliveries that need it, so that it is a defect.
type brokenError struct{ kind, id string }

func (e *brokenError) Error() string { return fmt.Sprintf("its %s %s is missing", e.kind, e.id) }

// bytes is how much JSON was loaded.
func (l *loaded) bytes() int {
	if l.Job == nil {
		return len(l.Event.Data)
	}
	return len(l.Event.Data) + jobSize(l.Job)
}

// load reads what a delivery's body is made of.
func load(ctx context.Context, t tx, d *ringback.Delivery) (c store.Claimed, err error) {
	all, err := loadSome(ctx, t, []*ringback.Delivery{d}, 0)
	switch {
	case err != nil:
		return c, err
	case all[0].broken != nil:
		return c, all[0].broken
	}
	return all[0].Claimed, nil
}

// loadSome reads what deliveries' bodies are made of. It ends early, after a
// delivery with which the events, or the jobs, pass the limit in bytes.
func loadSome(ctx context.Context, t tx, some []*ringback.Delivery, limit int) ([]loaded, error) {
	events, err := readRows(ctx, t, selectEvents, limit, eventRow, func(yield func(rowKey) bool) {
		for _, d := range some {
			if !yield(rowKey{d.AccountID, d.EventID}) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	jobs, err := readRows(ctx, t, selectJobs, limit, jobRow, func(yield func(rowKey) bool) {
		for _, d := range some {
			e := events.found[rowKey{d.AccountID, d.EventID}]
			if e != nil && e.JobID != "" && !yield(rowKey{d.AccountID, e.JobID}) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	all := make([]loaded, 0, len(some))
	for _, d := range some {
		l := loaded{Claimed: store.Claimed{Delivery: d}}
		var looked bool
		if l.Event, looked = events.get(rowKey{d.AccountID, d.EventID}); !looked {
			break
		}
		switch {
		case l.Event == nil:
			l.broken = &brokenError{"event", d.EventID}
		case l.Event.JobID != "":
			if l.Job, looked = jobs.get(rowKey{d.AccountID, l.Event.JobID}); !looked {
				return all, nil
			}
			if l.Job == nil {
				l.broken = &brokenError{"job", l.Event.JobID}
			}
		}
		all = append(all, l)
	}
	return all, nil
}

// rowKey is what most rows are found by.
type rowKey struct{ account, id string }

// selectEvents and selectJobs take an account's id and an event's or a job's of
// each row, and give the rows in that order.
var (
	selectEvents = perRows("SELECT "+eventColumns+" FROM (VALUES ", "(?, ?)",
		") CROSS JOIN events ON account_id = column1 AND id = column2")
	selectJobs = perRows("SELECT "+jobColumns+" FROM (VALUES ", "(?, ?)", withJobs)
)

// rowsRead are rows that were looked for.
type rowsRead[T any] struct {
	found map[rowKey]*T
	left  []rowKey // not looked for any more
}

// get gives a row, nil if there is none, or says that it was not looked for.
func (r *rowsRead[T]) get(key rowKey) (row *T, looked bool) {
	row = r.found[key]
	return row, row != nil || !slices.Contains(r.left, key)
}

// readRows reads the rows with these keys, each once. It ends early, after the row
// with which they pass the limit in bytes.
func readRows[T any](
	ctx context.Context, t tx, statements [len(bulkSizes)]string, limit int,
	read func(scanner) (row *T, key rowKey, bytes int, err error), keys iter.Seq[rowKey],
) (rowsRead[T], error) {
	r := rowsRead[T]{left: distinct(keys)}
	r.found = make(map[rowKey]*T, len(r.left))
	for len(r.left) > 0 && limit >= 0 {
		size := sizeFor(len(r.left))
		looked := bulkSizes[size]
		args := make([]any, 0, 2*looked)
		for _, k := range r.left[:looked] {
			args = append(args, k.account, k.id)
		}
		if err := t.each(ctx, func(sc scanner) error {
			row, key, bytes, err := read(sc)
			if err != nil {
				return err
			}
			r.found[key] = row
			if limit -= bytes; limit < 0 {
				looked = slices.Index(r.left, key) + 1
				return columns.ErrStop
			}
			return nil
		}, statements[size], args...); err != nil {
			return r, err
		}
		r.left = r.left[looked:]
	}
	return r, nil
}

// distinct gives keys in their order, each where it comes first.
func distinct(keys iter.Seq[rowKey]) []rowKey {
	var all []rowKey
	seen := make(map[rowKey]bool)
	for key := range keys {
		if !seen[key] {
			seen[key] = true
			all = append(all, key)
		}
	}
	return all
}

func eventRow(sc scanner) (*ringback.Event, rowKey, int, error) {
	e, err := columns.ScanEvent(sc)
	if err != nil {
		return nil, rowKey{}, 0, err
	}
	return e, rowKey{e.AccountID, e.ID}, len(e.Data), nil
}

func jobRow(sc scanner) (*ringback.Job, rowKey, int, error) {
	j, err := columns.ScanJob(sc)
	if err != nil {
		return nil, rowKey{}, 0, err
	}
	return j, rowKey{j.AccountID, j.ID}, jobSize(j), nil
}
