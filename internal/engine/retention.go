package engine

import (
	"context"
	"time"

	"github.com/ringback/ringback/internal/store"
)

// How what is over is deleted. A slice holds the writer for a few milliseconds,
// however slow the disk, and the pause after it leaves the others four fifths
// of the time.
const (
	retentionStart = time.Minute // after the start, which has more urgent work
	retentionEvery = time.Hour
	retentionHold  = 5 * time.Millisecond
	retentionPause = 4 // times as long as the slice before it

	firstRetentionRows = 100
	minRetentionRows   = 20
	maxRetentionRows   = 2000
)

// runRetention deletes, every hour, what was over longer ago than it is kept.
func (e *Engine) runRetention(ctx context.Context) {
	if e.retention == 0 {
		return
	}
	for wait := retentionStart; pause(ctx, wait); wait = retentionEvery {
		e.purgeHistory(ctx)
	}
}

// purgeHistory deletes slice by slice until nothing is left, or ctx is done.
func (e *Engine) purgeHistory(ctx context.Context) {
	began := time.Now()
	slice := store.Purge{Before: now().Add(-e.retention), Rows: firstRetentionRows}
	var sum store.Purged
	for {
		sliceBegan := time.Now()
		got, err := e.store.PurgeHistory(ctx, slice)
		if err != nil {
			if ctx.Err() == nil {
				e.log.Warn("what is older than the retention could not be deleted; trying again later", "error", err)
			}
			break
		}
		sum.Add(got)
		if got.Next == "" {
			break
		}
		slice.After, slice.Rows = got.Next, nextRows(slice.Rows, got.Held)
		if !pause(ctx, retentionPause*time.Since(sliceBegan)) {
			break
		}
	}
	if sum.Events+sum.Deliveries+sum.Attempts > 0 {
		e.log.Info("deleted what is older than the retention", "retention", e.retention, "events", sum.Events,
			"deliveries", sum.Deliveries, "attempts", sum.Attempts, "jobs", sum.Jobs,
			"took", time.Since(began).Round(time.Millisecond))
	}
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

// pause says whether it passed before ctx was done.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
