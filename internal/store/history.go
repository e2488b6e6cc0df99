package store

import (
	"context"
	"time"
)

// MinRetention is the least age at which history may be purged: an idempotency
// key names what it made for KeyTTL, and that must still be there then.
const MinRetention = KeyTTL + time.Hour

// History is the part of the contract about what is over.
//
// An event, its deliveries with their attempts, and its job are kept and
// deleted as one: they are over before a time if the event was made before it,
// none of the deliveries is pending, and the deliveries and the job ended
// before it. So a delivery that was retried by hand yesterday keeps all of them.
type History interface {
	// OverEvents looks at up to limit events, in the order of their making or
	// account by account, and gives those that were over before the time. It goes
	// on after the place where an earlier look ended (Next; "" = from the first).
	// Events that were made while the clock was wrong may be found later than
	// others.
	OverEvents(ctx context.Context, before time.Time, after string, limit int) (OverEvents, error)
	// PurgeEvents deletes events that OverEvents gave, with all that came of
	// them, in one short transaction that leaves nothing without its event. Those
	// that are not over any more, or gone, are passed by.
	PurgeEvents(ctx context.Context, p PurgeEvents) (Purged, error)
}

// DayHistory is a History that keeps the events of each day apart, with their
// deliveries and attempts, and so can delete a day at once.
type DayHistory interface {
	// DropDays deletes the events of whole days that were over before the time,
	// with all that came of them; what is not over yet of these days stays, and so
	// do days of which that is much. Deliveries never wait for it longer than for a
	// commit. What it leaves is for OverEvents and PurgeEvents. With an error the
	// sum is of what was deleted all the same.
	DropDays(ctx context.Context, before time.Time) (Purged, error)
}

// OverEvents are events that may be deleted.
type OverEvents struct {
	Events []OverEvent
	Next   string // where to go on; "" = nothing that may be over is left
}

// OverEvent is an event that may be deleted, with all that came of it.
type OverEvent struct {
	AccountID, ID, JobID string
	Rows                 int // its deliveries and their attempts
}

// PurgeEvents asks for a slice of events to be deleted. What belongs to one
// account is together on the disk: sorted by account, a slice writes less.
type PurgeEvents struct {
	Before time.Time // as OverEvents was asked
	Events []OverEvent
	// Rows is about how many rows to delete, at least 1. Of an event that has
	// more, attempts go first, then deliveries, in slices of their own; while they
	// go, RecoverEvents passes the event by.
	Rows int
}

// Purged tells what a slice deleted.
type Purged struct {
	Done                               int // how many of the events need no further slice
	Events, Deliveries, Attempts, Jobs int
	// Held is how long the work of the transaction took, without its commit:
	// nobody else could write meanwhile.
	Held time.Duration
}

// Add sums up slices.
func (p *Purged) Add(other Purged) {
	p.Done += other.Done
	p.Events += other.Events
	p.Deliveries += other.Deliveries
	p.Attempts += other.Attempts
	p.Jobs += other.Jobs
	p.Held += other.Held
}
