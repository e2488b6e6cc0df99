package postgres

import (
	"context"
	"strconv"
	"time"
)

// The tables of history are in parts, one for each day: events_20260301 and so
// on. What is of no such day is in a part of its own, the default one.
var historyTables = []string{"events", "deliveries", "attempts"}

var (
	selectParts = register("list parts of history", scopeReference, "it reads the catalogue alone", `SELECT c.relname::text,
		EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname ~ '^(events|deliveries|attempts)_[0-9]{8}$'`)
	createPart = register("create part of history", scopeControl, "",
		"CREATE TABLE IF NOT EXISTS %s PARTITION OF %s FOR VALUES FROM (%s) TO (%s)")
	lockDays   = register("lock days", scopeControl, "", "SELECT pg_advisory_xact_lock($1)")
	shortLocks = register("short locks", scopeControl, "", "SET LOCAL lock_timeout = '50ms'")
)

const (
	// daysAhead is for how many days to come there are parts, so that a database
	// in which none can be made for a while has them all the same.
	daysAhead = 3
	// daysEvery is how often that is looked after.
	daysEvery = time.Hour
	// lockTries and lockPause are for locks that stop all others: whoever waits
	// for one does not do so for long, and lets the others go first.
	lockTries = 5
	lockPause = 500 * time.Millisecond
)

const secondsPerDay = 24 * 60 * 60

func today() int { return int(time.Now().Unix() / secondsPerDay) }

// startOf is when a day begins.
func startOf(day int) time.Time { return time.Unix(int64(day)*secondsPerDay, 0).UTC() }

const partSuffix = "20060102"

// partOf is the part of a table for a day.
func partOf(table string, day int) string { return table + "_" + startOf(day).Format(partSuffix) }

// dayOfPart is the inverse of partOf.
func dayOfPart(part string) (day int, ok bool) {
	at, err := time.Parse(partSuffix, part[len(part)-len(partSuffix):])
	return int(at.Unix() / secondsPerDay), err == nil
}

// parts are the parts of history that there are: by name, whether they belong to
// their table (or are being dropped).
func (s *Store) parts(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	err := s.r().each(ctx, func(row scanner) error {
		var name string
		var attached bool
		err := row.Scan(&name, &attached)
		all[name] = attached
		return err
	}, selectParts, s.schema)
	return all, err
}

// keepDays makes the parts of the days to come, now and then, until the store is
// closed.
func (s *Store) keepDays() {
	ctx, stop := s.untilClosed(context.Background())
	defer stop()
	for {
		select {
		case <-time.After(daysEvery):
			s.tryDays(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// tryDays makes the parts of the days to come, if it can: what is of a day without
// one goes to the default part.
func (s *Store) tryDays(ctx context.Context) {
	if err := s.makeDays(ctx, today()); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "the parts of history of the days to come could not be made; trying again later",
			"database", s.where, "error", err, "in", daysEvery)
	}
}

// makeDays makes the parts of a day and of those after it.
func (s *Store) makeDays(ctx context.Context, from int) error {
	have, err := s.parts(ctx)
	if err != nil {
		return err
	}
	for day := from; day <= from+daysAhead; day++ {
		if _, ok := have[partOf(historyTables[len(historyTables)-1], day)]; ok {
			continue
		}
		if err := s.makeDay(ctx, day); err != nil {
			return err
		}
	}
	return nil
}

// makeDay makes the parts of one day. Several nodes may do so at once.
func (s *Store) makeDay(ctx context.Context, day int) error {
	return s.patiently(ctx, func() error {
		return s.transact(ctx, func(_ context.Context, t *tx) error {
			t.queue(shortLocks)
			t.queue(lockDays, s.lockKey("days", ""))
			for _, table := range historyTables {
				t.queue(createPart.with(partOf(table, day), table, strconv.Itoa(day), strconv.Itoa(day+1)))
			}
			return nil
		})
	})
}

// patiently tries again what did not get its locks in time.
func (s *Store) patiently(ctx context.Context, fn func() error) error {
	for try := 1; ; try++ {
		err := fn()
		if try == lockTries || !hasCode(err, codeLockTimeout, codeDeadlock) {
			return err
		}
		select {
		case <-time.After(lockPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
