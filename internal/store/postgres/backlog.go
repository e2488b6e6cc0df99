package postgres

import (
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

// waiting counts the rows of a partial index, up to a limit.
func waiting(what, column, table, condition string) *statement {
	return operatorWide("count "+what, "monitoring is about all accounts", "SELECT count(*), coalesce(min("+column+
		"), 0) FROM (SELECT "+column+" FROM "+table+" WHERE "+condition+" LIMIT $1) w")
}

var (
	countScheduled = waiting("scheduled deliveries", "next_attempt_at", "deliveries_open", "lease = 0 AND queue = ''")
	countParked    = waiting("parked deliveries", "next_attempt_at", "deliveries_open", "queue <> ''")
	countReady     = waiting("ready jobs", "due_at", "jobs", "ready")
	countDelayed   = waiting("delayed jobs", "due_at", "jobs", "status = 'queued' AND NOT ready")
	countRunning   = waiting("running jobs", "lease_expires_at", "jobs", "status = 'running'")
)

// Backlog reads partial indexes, with a connection for lists.
func (s *Store) Backlog(ctx context.Context, limit int) (b store.Backlog, err error) {
	for _, part := range []struct {
		into  *store.Waiting
		count *statement
	}{
		{&b.Scheduled, countScheduled},
		{&b.Parked, countParked},
		{&b.Ready, countReady},
		{&b.Delayed, countDelayed},
		{&b.Running, countRunning},
	} {
		var first int64
		scan := func(row scanner) error { return row.Scan(&part.into.Count, &first) }
		if err := one(ctx, s.l(), scan, part.count, limit); err != nil {
			return store.Backlog{}, err
		}
		part.into.First = columns.FromMicros(first)
	}
	return b, nil
}
