package store

import (
	"context"
	"time"
)

// Backlogs is the part of the contract that monitoring reads.
type Backlogs interface {
	// Backlog counts what waits, of all accounts, each kind up to limit: a count
	// of limit means that many or more. It reads up to limit rows of each, so
	// that it is for now and then, and never keeps the engine's reads waiting.
	Backlog(ctx context.Context, limit int) (Backlog, error)
}

// Backlog is what waits in the store.
type Backlog struct {
	Scheduled Waiting // deliveries that are neither leased nor parked, by NextAttemptAt
	Parked    Waiting // deliveries, by NextAttemptAt
	Ready     Waiting // queued jobs that can be leased, by when they could run first
	Delayed   Waiting // queued jobs that wait for their RunAt
	Running   Waiting // jobs, by the end of their lease
}

// Waiting is a number of deliveries or jobs, and the smallest of their times;
// zero if there are none. Of more than were counted it is the smallest of those
// that were.
type Waiting struct {
	Count int
	First time.Time
}
