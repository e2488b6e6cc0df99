package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

const ofDropped = "parts of a day are dropped with what all accounts have in them"

var (
	selectPendingOf = operatorWide("list pending deliveries of a day", ofDropped,
		"SELECT account_id, id FROM deliveries_open WHERE id >= $1 AND id < $2")
	selectYoungOf = operatorWide("list deliveries of a part that ended late", ofDropped,
		"SELECT account_id, id FROM %s WHERE finished_at >= $1")
	selectYoungJobsOf = operatorWide("list events of a part whose job ended late", ofDropped,
		`SELECT e.account_id, e.id FROM %s e JOIN jobs j ON j.bucket = e.bucket AND j.account_id = e.account_id AND j.id = e.job_id
		WHERE e.job_id <> '' AND (j.finished_at = 0 OR j.finished_at >= $1)`)
	countPart          = operatorWide("count part of history", ofDropped, "SELECT count(*) FROM %s")
	countDeliveryParts = operatorWide("count deliveries of a part", ofDropped,
		"SELECT count(*), count(*) FILTER (WHERE attempt_number > 0) FROM %s")

	keepEvents = oneBucket("keep events of a part", `WITH kept AS (INSERT INTO events SELECT e.* FROM unnest($2::text[], $3::text[]) AS r (account_id, id)
		JOIN %s e ON e.bucket = $1 AND e.account_id = r.account_id AND e.id = r.id RETURNING 1) SELECT count(*) FROM kept`)
	keepDeliveries = oneBucket("keep deliveries of a part", `WITH kept AS (INSERT INTO deliveries
		SELECT d.* FROM unnest($2::text[], $3::text[], $4::text[]) AS r (account_id, first, last)
		JOIN %s d ON d.bucket = $1 AND d.account_id = r.account_id AND d.id BETWEEN r.first AND r.last
		RETURNING attempt_number) SELECT count(*), count(*) FILTER (WHERE attempt_number > 0) FROM kept`)
	keepAttempts = oneBucket("keep attempts of a part", `WITH kept AS (INSERT INTO attempts
		SELECT a.* FROM unnest($2::text[], $3::text[], $4::text[]) AS r (account_id, first, last)
		JOIN %s a ON a.bucket = $1 AND a.account_id = r.account_id AND a.delivery_id BETWEEN r.first AND r.last
		RETURNING 1) SELECT count(*) FROM kept`)
	selectKept = oneBucket("list kept events", `SELECT e.account_id, e.id FROM unnest($2::text[], $3::text[]) AS r (account_id, id)
		JOIN events e ON e.bucket = $1 AND e.account_id = r.account_id AND e.id = r.id AND e.day = $4`)
)

// kept are the events of a day that are kept when its parts are dropped, by account
// and id.
type kept map[[2]string]bool

// maxKept is how many events of a day may be left when it is dropped: they are
// moved while all others wait. Where there are more the day is left to
// PurgeEvents, until fewer are.
const maxKept = 500

var errTooMuch = errors.New("too much is to be kept")

// queries is a connection, or a transaction on it.
type queries interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// findPending adds the events of a day that have deliveries pending.
func (k kept) findPending(ctx context.Context, q queries, day int) error {
	first := ringback.MinID(ringback.PrefixDelivery, startOf(day))
	end := ringback.MinID(ringback.PrefixDelivery, startOf(day+1))
	return k.find(ctx, q, maxKept, selectPendingOf, first, end)
}

// findYoung adds the events of a day's parts of which a delivery, or the job, ended
// at the time or after it.
func (k kept) findYoung(ctx context.Context, q queries, day int, before int64, limit int) error {
	if err := k.find(ctx, q, limit, selectYoungOf.with(partOf("deliveries", day)), before); err != nil {
		return err
	}
	return k.find(ctx, q, limit, selectYoungJobsOf.with(partOf("events", day)), before)
}

// find adds the events that a query names, or whose deliveries it does; errTooMuch
// if there are
// more than the limit.
func (k kept) find(ctx context.Context, q queries, limit int, st *statement, args ...any) error {
	rows, err := q.Query(ctx, st.sql, args...)
	if err != nil {
		return err
	}
	var account, id string
	_, err = pgx.ForEachRow(rows, []any{&account, &id}, func() error {
		if strings.HasPrefix(id, ringback.PrefixDelivery+"_") {
			id = ringback.EventOfDelivery(id)
		}
		if k[[2]string{account, id}] = true; len(k) > limit {
			return errTooMuch
		}
		return nil
	})
	return err
}

// ofBucket are events of one bucket, as the columns of a statement.
type ofBucket struct {
	accounts, ids, firsts, lasts []string
}

func (k kept) byBucket() map[int16]*ofBucket {
	all := map[int16]*ofBucket{}
	for _, key := range slices.SortedFunc(maps.Keys(k), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		of := all[bucketOf(key[0])]
		if of == nil {
			of = &ofBucket{}
			all[bucketOf(key[0])] = of
		}
		first, last := deliveriesOf(key[1])
		of.accounts, of.ids = append(of.accounts, key[0]), append(of.ids, key[1])
		of.firsts, of.lasts = append(of.firsts, first), append(of.lasts, last)
	}
	return all
}

// forgetMoved leaves those that are in the table of events, where they were moved
// to earlier.
func (k kept) forgetMoved(ctx context.Context, q queries, day int) error {
	for bucket, of := range k.byBucket() {
		rows, err := q.Query(ctx, selectKept.sql, bucket, of.accounts, of.ids, day)
		if err != nil {
			return err
		}
		var key [2]string
		if _, err := pgx.ForEachRow(rows, []any{&key[0], &key[1]}, func() error { delete(k, key); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// moved counts rows. Inline are the attempts in rows of deliveries.
type moved struct{ events, deliveries, inline, attempts int }

func (m moved) purged() store.Purged {
	return store.Purged{Events: m.events, Deliveries: m.deliveries, Attempts: m.inline + m.attempts}
}

// negative is what is not purged of parts that are counted as a whole.
func (m moved) negative() store.Purged {
	return store.Purged{Events: -m.events, Deliveries: -m.deliveries, Attempts: -m.inline - m.attempts}
}

// move inserts the events with their history into the tables that the parts of the
// day have left, and so into the default parts.
func (k kept) move(ctx context.Context, q queries, day int) (m moved, err error) {
	for bucket, of := range k.byBucket() {
		for _, step := range []struct {
			st   *statement
			args []any
			n    []*int
		}{
			{keepEvents.with(partOf("events", day)), []any{bucket, of.accounts, of.ids}, []*int{&m.events}},
			{keepDeliveries.with(partOf("deliveries", day)), []any{bucket, of.accounts, of.firsts, of.lasts}, []*int{&m.deliveries, &m.inline}},
			{keepAttempts.with(partOf("attempts", day)), []any{bucket, of.accounts, of.firsts, of.lasts}, []*int{&m.attempts}},
		} {
			rows, err := q.Query(ctx, step.st.sql, step.args...)
			if err != nil {
				return m, err
			}
			counted := counting(step.n...)
			if _, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) { return struct{}{}, counted(row) }); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}
