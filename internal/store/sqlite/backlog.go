package sqlite

import (
	"context"

	"github.com/ringback/ringback/internal/store"
)

// Backlog reads partial indexes that hold all that it needs, with a connection
// for lists.
func (s *Store) Backlog(ctx context.Context, limit int) (b store.Backlog, err error) {
	for _, part := range []struct {
		into  *store.Waiting
		query string
	}{
		{&b.Scheduled, waiting("next_attempt_at", "deliveries_open", "open_due", "lease = 0 AND queue = ''")},
		{&b.Parked, waiting("next_attempt_at", "deliveries_open", "open_parked", "queue <> ''")},
		{&b.Ready, waiting("due_at", "jobs", "jobs_ready", "ready = 1")},
		{&b.Delayed, waiting("due_at", "jobs", "jobs_waiting", "status = 'queued' AND ready = 0")},
		{&b.Running, waiting("lease_expires_at", "jobs", "jobs_running", "status = 'running'")},
	} {
		var first int64
		scan := func(row scanner) error { return row.Scan(&part.into.Count, &first) }
		if err := one(ctx, s.lists, scan, part.query, limit); err != nil {
			return store.Backlog{}, err
		}
		part.into.First = fromMicros(first)
	}
	return b, nil
}

// waiting counts the rows of a partial index, up to a limit.
func waiting(column, table, index, condition string) string {
	return "SELECT count(*), coalesce(min(" + column + "), 0) FROM (SELECT " + column +
		" FROM " + table + " INDEXED BY " + index + " WHERE " + condition + " LIMIT ?)"
}
