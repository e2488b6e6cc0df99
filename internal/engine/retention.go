package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/internal/store"
)

// How what is over is deleted. A slice holds the writer for a few milliseconds,
// however slow the disk, and the pause after it leaves the others nine tenths
// of the time.
const (
	retentionStart = time.Minute // after the start, which has more urgent work
	retentionEvery = time.Hour
	retentionHold  = 5 * time.Millisecond
	retentionPause = 9 // times as long as the slice before it

	// What belongs to one account is together on the disk. Gathered from so many
	// events, there is more of it in a slice, and fewer pages are written.
	retentionWindow = 10_000
	retentionLook   = 500 // events at once

	firstRetentionRows = 100
	minRetentionRows   = 20
	maxRetentionRows   = 2000
)

// runRetention deletes, every hour, what was over longer ago than it is kept.
func (e *Engine) runRetention(ctx context.Context) {
	if e.retention == 0 {
		return
	}
	for wait := retentionStart; pause.For(ctx, wait) == nil; wait = retentionEvery {
		e.ifFree(ctx, lockRetention, e.purgeHistory)
	}
}

// purgeHistory deletes all that is over by now, or until ctx is done.
func (e *Engine) purgeHistory(ctx context.Context) {
	began := time.Now()
	p := purger{store: e.store, before: e.now().Add(-e.retention), rows: firstRetentionRows}
	if err := p.run(ctx); err != nil && ctx.Err() == nil {
		e.log.Warn("what is older than the retention could not be deleted; trying again later", "error", err)
	}
	if p.sum.Events+p.sum.Deliveries+p.sum.Attempts > 0 {
		e.log.Info("deleted what is older than the retention", "retention", e.retention, "events", p.sum.Events,
			"deliveries", p.sum.Deliveries, "attempts", p.sum.Attempts, "jobs", p.sum.Jobs,
			"took", time.Since(began).Round(time.Millisecond))
	}
}

// purger deletes what was over before a time.
type purger struct {
	store  store.History
	before time.Time
	rows   int // of the next slice
	sum    store.Purged
}

// run deletes whole days at once where the store can do that, and the rest event by
// event.
func (p *purger) run(ctx context.Context) error {
	if days, ok := p.store.(store.DayHistory); ok {
		dropped, err := days.DropDays(ctx, p.before)
		p.sum.Add(dropped)
		if err != nil {
			return err
		}
	}
	return p.windows(ctx)
}

// windows gathers windows of events and deletes them, account by account.
func (p *purger) windows(ctx context.Context) error {
	next := ""
	for more := true; more; {
		var window []store.OverEvent
		for more && len(window) < retentionWindow {
			found, err := p.store.OverEvents(ctx, p.before, next, retentionLook)
			if err != nil {
				return err
			}
			window = append(window, found.Events...)
			next = found.Next
			more = next != ""
		}
		slices.SortFunc(window, func(a, b store.OverEvent) int {
			return cmp.Or(strings.Compare(a.AccountID, b.AccountID), strings.Compare(a.ID, b.ID))
		})
		if err := p.purge(ctx, window); err != nil {
			return err
		}
	}
	return nil
}

// purge deletes events slice by slice.
func (p *purger) purge(ctx context.Context, events []store.OverEvent) error {
	for len(events) > 0 {
		began := time.Now()
		got, err := p.store.PurgeEvents(ctx, store.PurgeEvents{Before: p.before, Events: events, Rows: p.rows})
		if err != nil {
			return err
		}
		p.sum.Add(got)
		events = events[got.Done:]
		p.rows = nextRows(p.rows, got.Held)
		if pause.For(ctx, retentionPause*time.Since(began)) != nil {
			return ctx.Err()
		}
	}
	return nil
}

// nextRows gives the size of the next slice, from how long the last one held
// the writer.
func nextRows(rows int, held time.Duration) int {
	switch {
	case held > retentionHold:
		return max(rows/2, minRetentionRows)
	case held < retentionHold/2:
		return min(rows*3/2, maxRetentionRows)
	}
	return rows
}
