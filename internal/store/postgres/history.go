package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

// The deliveries of the event e, as deliveriesOf gives them.
const ofEvent = `BETWEEN 'dlv' || substr(e.id, 4) AND 'dlv' || substr(e.id, 4) || '~'`

var (
	selectNextBucket = operatorWide("select next bucket with events", "the retention is of all accounts",
		"SELECT coalesce(min(bucket), -1) FROM events WHERE bucket >= $1 AND day <= $2")
	// selectOld walks the primary key: no other index is needed for it.
	selectOld = oneBucket("list old events", `SELECT e.account_id, e.id, e.job_id,
		EXISTS (SELECT FROM deliveries_open d WHERE d.bucket = $1 AND d.account_id = e.account_id AND d.id `+ofEvent+`)
		OR EXISTS (SELECT FROM deliveries d WHERE d.bucket = $1 AND d.account_id = e.account_id AND d.id `+ofEvent+`
			AND d.day = e.day AND d.finished_at >= $2)
		OR EXISTS (SELECT FROM jobs j WHERE j.bucket = $1 AND j.account_id = e.account_id AND j.id = e.job_id
			AND (j.finished_at = 0 OR j.finished_at >= $2)),
		(SELECT count(*) + count(*) FILTER (WHERE d.attempt_number > 0) FROM deliveries d
			WHERE d.bucket = $1 AND d.account_id = e.account_id AND d.id `+ofEvent+` AND d.day = e.day)
		+ (SELECT count(*) FROM attempts a
			WHERE a.bucket = $1 AND a.account_id = e.account_id AND a.delivery_id `+ofEvent+` AND a.day = e.day)
		FROM events e WHERE e.bucket = $1 AND (e.account_id, e.id) > ($3, $4) AND e.id < $5 AND e.day <= $6
		AND e.created_at < $2 ORDER BY e.account_id, e.id LIMIT $7`)
)

// walk is where a look at the events of all accounts is: after an event of a
// bucket.
type walk struct {
	bucket      int
	account, id string
}

func (w walk) String() string { return fmt.Sprintf("%d/%s/%s", w.bucket, w.account, w.id) }

func parseWalk(text string) (w walk, err error) {
	if text == "" {
		return walk{}, nil
	}
	parts := strings.SplitN(text, "/", 3)
	if len(parts) != 3 {
		return w, fmt.Errorf("postgres: %q is no place to go on at", text)
	}
	w = walk{account: parts[1], id: parts[2]}
	if w.bucket, err = strconv.Atoi(parts[0]); err != nil {
		return w, fmt.Errorf("postgres: where to go on: %w", err)
	}
	return w, nil
}

// OverEvents looks through one bucket after the other, account by account: so it
// is done with the keys that there are, and a slice of what it gives is together
// on the disk.
func (s *Store) OverEvents(ctx context.Context, before time.Time, after string, limit int) (store.OverEvents, error) {
	at, err := parseWalk(after)
	if err != nil {
		return store.OverEvents{}, err
	}
	var found store.OverEvents
	last := ringback.MinID(ringback.PrefixEvent, before)
	for looked := 0; looked < limit; {
		seen, err := s.lookAtOld(ctx, &at, &found, before, last, limit-looked)
		if err != nil {
			return store.OverEvents{}, err
		}
		if looked += seen; looked == limit {
			break
		}
		next, err := s.nextBucket(ctx, at.bucket+1, dayOf(last))
		if errors.Is(err, store.ErrNotFound) {
			return found, nil
		}
		if err != nil {
			return store.OverEvents{}, err
		}
		at = walk{bucket: next}
	}
	found.Next = at.String()
	return found, nil
}

// lookAtOld looks at up to limit events of a bucket, and says how many there were.
func (s *Store) lookAtOld(
	ctx context.Context, at *walk, found *store.OverEvents, before time.Time, last string, limit int,
) (seen int, err error) {
	bucket, account, id := at.bucket, at.account, at.id
	err = s.l().each(ctx, func(row scanner) error {
		var e store.OverEvent
		var stays bool
		err := row.Scan(&e.AccountID, &e.ID, &e.JobID, &stays, &e.Rows)
		seen++
		at.account, at.id = e.AccountID, e.ID
		if err == nil && !stays {
			found.Events = append(found.Events, e)
		}
		return err
	}, selectOld, bucket, columns.Micros(before), account, id, last, dayOf(last), limit)
	return seen, err
}

// nextBucket gives the first bucket from one on that has events, or ErrNotFound.
func (s *Store) nextBucket(ctx context.Context, from, day int) (bucket int, err error) {
	err = one(ctx, s.l(), func(row scanner) error { return row.Scan(&bucket) }, selectNextBucket, from, day)
	if err == nil && bucket < 0 {
		return 0, store.ErrNotFound
	}
	return bucket, err
}

// deliveriesOf gives the first and the last id that a delivery of an event can
// have.
func deliveriesOf(eventID string) (first, last string) {
	head := ringback.Rekind(ringback.PrefixDelivery, eventID)
	return head, head + columns.AfterEveryID
}
