package postgres

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

var (
	tryLockDrop = register("try to lock drop", scopeControl, "", "SELECT pg_try_advisory_lock($1)")
	briefly     = register("briefly", scopeControl, "", "SET LOCAL statement_timeout = '300ms'")
	sequential  = register("sequential", scopeControl, "", "SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
	lockHistory = register("lock history", scopeControl, "",
		"LOCK TABLE ONLY events, ONLY deliveries, ONLY attempts IN ACCESS EXCLUSIVE MODE")
	selectJobsOf = operatorWide("list jobs of a part", ofDropped, `SELECT bucket, account_id, id, job_id FROM %s
		WHERE (bucket, account_id, id) > ($1::smallint, $2::text, $3::text) AND job_id <> ''
		ORDER BY bucket, account_id, id LIMIT $4`)
	deleteJobsOf = oneBucket("delete jobs of a part", `DELETE FROM jobs j USING unnest($2::text[], $3::text[]) AS r (account_id, id)
		WHERE j.bucket = $1 AND j.account_id = r.account_id AND j.id = r.id AND j.finished_at > 0 AND j.finished_at < $4
		AND NOT EXISTS (SELECT FROM events e WHERE e.bucket = $1 AND e.account_id = r.account_id
			AND e.job_id = r.id AND e.job_id <> '')`)
	detachPart = register("detach part of history", scopeControl, "", "ALTER TABLE %s DETACH PARTITION %s")
	dropParts  = register("drop parts of history", scopeControl, "", "DROP TABLE %s, %s, %s")
)

// DropDays drops the parts of days that were over before the time. What is not over
// of them goes to the default part first.
//
// All is prepared without locks. Then, in one short transaction that nobody
// waits for longer than for a commit, the parts leave their tables and what is kept
// is inserted anew: it is looked at once more what is pending, since nobody can
// retry or recover anything meanwhile. What ended again between the two, of a
// retry by hand, is found in the parts when they have left, and inserted then.
func (s *Store) DropDays(ctx context.Context, before time.Time) (store.Purged, error) {
	if err := s.calls.begin(); err != nil {
		return store.Purged{}, err
	}
	defer s.calls.done()
	ctx, stop := s.untilClosed(ctx)
	defer stop()
	conn, err := s.dial(ctx)
	if err != nil {
		return store.Purged{}, s.unreachable(err, 0)
	}
	defer hangUp(conn)
	d := dropper{s: s, conn: conn, before: columns.Micros(before)}
	err = d.run(ctx, int(before.Unix()/secondsPerDay))
	return d.purged, s.failed("dropping days of history", err)
}

// dropper drops days, on a connection of its own: its queries are long, and
// planned for the tables as they are.
type dropper struct {
	s      *Store
	conn   *pgx.Conn
	before int64
	purged store.Purged
}

// run drops all days before one. Only one node does so at a time.
func (d *dropper) run(ctx context.Context, first int) error {
	var mine bool
	if err := d.conn.QueryRow(ctx, tryLockDrop.sql, d.s.lockKey("drop", "")).Scan(&mine); err != nil || !mine {
		return err
	}
	parts, err := d.s.parts(ctx)
	if err != nil {
		return err
	}
	days := map[int]bool{} // whether all parts are attached
	for part, attached := range parts {
		if day, ok := dayOfPart(part); ok && day < first {
			was, known := days[day]
			days[day] = attached && (was || !known)
		}
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		if days[day] {
			detached, err := d.detach(ctx, day)
			if err != nil {
				return err
			}
			if !detached {
				continue
			}
		}
		if err := d.drop(ctx, day); err != nil {
			return err
		}
	}
	return nil
}

// detach takes the parts of a day out of their tables, unless too much of them is
// to be kept, or they are too busy.
func (d *dropper) detach(ctx context.Context, day int) (bool, error) {
	keep := kept{}
	err := keep.findPending(ctx, d.conn, day)
	if err == nil {
		err = keep.findYoung(ctx, d.conn, day, d.before, maxKept)
	}
	if err == nil {
		err = d.s.patiently(ctx, func() error {
			return pgx.BeginFunc(ctx, d.conn, func(tx pgx.Tx) error { return d.detachNow(ctx, tx, day, maps.Clone(keep)) })
		})
	}
	if errors.Is(err, errTooMuch) || hasCode(err, codeLockTimeout, codeTimeout, codeDeadlock) {
		d.s.log.DebugContext(ctx, "a day of history could not be dropped yet", "day", startOf(day), "error", err)
		return false, nil
	}
	return err == nil, err
}

// detachNow is the transaction that the others have to wait for.
func (d *dropper) detachNow(ctx context.Context, tx pgx.Tx, day int, keep kept) error {
	settings := []*statement{shortLocks, briefly}
	if d.s.spread {
		settings = append(settings, sequential)
	}
	for _, st := range append(settings, lockHistory) {
		if _, err := tx.Exec(ctx, st.sql); err != nil {
			return err
		}
	}
	if err := keep.findPending(ctx, tx, day); err != nil {
		return err
	}
	for _, table := range historyTables {
		if _, err := tx.Exec(ctx, detachPart.with(table, partOf(table, day)).sql); err != nil {
			return err
		}
	}
	moved, err := keep.move(ctx, tx, day)
	if err == nil {
		d.purged.Add(moved.negative())
	}
	return err
}

// drop drops the parts of a day that have left their tables, when all that is kept
// of them was inserted anew, and the jobs of the other events are gone.
func (d *dropper) drop(ctx context.Context, day int) error {
	if err := d.keepLate(ctx, day); err != nil {
		return err
	}
	if err := d.dropJobs(ctx, day); err != nil {
		return err
	}
	var all moved
	for st, into := range map[*statement][]any{
		countPart.with(partOf("events", day)):              {&all.events},
		countDeliveryParts.with(partOf("deliveries", day)): {&all.deliveries, &all.inline},
		countPart.with(partOf("attempts", day)):            {&all.attempts},
	} {
		if err := d.conn.QueryRow(ctx, st.sql).Scan(into...); err != nil {
			return err
		}
	}
	drop := dropParts.with(partOf("events", day), partOf("deliveries", day), partOf("attempts", day))
	if _, err := d.conn.Exec(ctx, drop.sql); err != nil {
		return err
	}
	d.purged.Add(all.purged())
	return nil
}

// keepLate inserts what ended after it was looked at, and before the parts left.
func (d *dropper) keepLate(ctx context.Context, day int) error {
	late := kept{}
	if err := late.findYoung(ctx, d.conn, day, d.before, math.MaxInt); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, d.conn, func(tx pgx.Tx) error {
		if err := late.forgetMoved(ctx, tx, day); err != nil {
			return err
		}
		moved, err := late.move(ctx, tx, day)
		if err == nil {
			d.purged.Add(moved.negative())
		}
		return err
	})
}

// dropJobs deletes the jobs of the events of parts that have left, in slices.
func (d *dropper) dropJobs(ctx context.Context, day int) error {
	part := partOf("events", day)
	const slice = 500
	for at := (walk{bucket: -1}); ; {
		rows, err := d.conn.Query(ctx, selectJobsOf.with(part).sql, at.bucket, at.account, at.id, slice)
		if err != nil {
			return err
		}
		n := 0
		jobs := map[int][2][]string{} // by bucket: accounts, ids
		var job string
		if _, err := pgx.ForEachRow(rows, []any{&at.bucket, &at.account, &at.id, &job}, func() error {
			n++
			of := jobs[at.bucket]
			jobs[at.bucket] = [2][]string{append(of[0], at.account), append(of[1], job)}
			return nil
		}); err != nil {
			return err
		}
		began := time.Now()
		for bucket, of := range jobs {
			tag, err := d.conn.Exec(ctx, deleteJobsOf.sql, bucket, of[0], of[1], d.before)
			if err != nil {
				return err
			}
			d.purged.Jobs += int(tag.RowsAffected())
		}
		if n < slice {
			return nil
		}
		select { // the others have half of the time
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
