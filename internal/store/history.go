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
	// PurgeHistory deletes a slice of what is over before the time, oldest events
	// first, in one short transaction that leaves nothing without its event. What
	// is not over is passed by. It is meant to be called again with After, until
	// Next is "". Events that were made while the clock was wrong may stay longer
	// than others, and never shorter.
	PurgeHistory(ctx context.Context, p Purge) (Purged, error)
}

// Purge asks for a slice of history to be deleted.
type Purge struct {
	Before time.Time
	After  string // Next of the slice before; "" = from the oldest event
	// Rows is about how many rows to delete, at least 1; no slice looks at more
	// events than that. Of an event that has more rows, attempts go first, then
	// deliveries, in slices of their own.
	Rows int
}

// Purged tells what a slice deleted.
type Purged struct {
	Events, Deliveries, Attempts, Jobs int
	// Held is how long the work of the transaction took, without its commit:
	// nobody else could write meanwhile.
	Held time.Duration
	Next string // where to go on; "" = nothing older is left
}

// Add sums up slices. Next is the other's.
func (p *Purged) Add(other Purged) {
	p.Events += other.Events
	p.Deliveries += other.Deliveries
	p.Attempts += other.Attempts
	p.Jobs += other.Jobs
	p.Held += other.Held
	p.Next = other.Next
}
