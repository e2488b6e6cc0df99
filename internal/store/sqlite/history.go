package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ringback/ringback/internal/store"
)

// oldEvent is an event near the old end of the table.
type oldEvent struct {
	rowid                int64
	accountID, id, jobID string
	young, stays         bool // made after the time; something of it is not over
	rows                 int  // deliveries that ended, and attempts
}

// The deliveries of the event e, as deliveriesOf gives them.
const ofEvent = `BETWEEN 'dlv' || substr(e.id, 4) AND 'dlv' || substr(e.id, 4) || '~'`

// oldEvents walks the table of events in the order of its rows, which is that
// of their making: no index is needed, however many accounts there are.
// Counting the rows also brings their pages into memory before the writer needs
// them.
const oldEvents = `SELECT rowid, account_id, id, job_id, created_at >= ?1,
	EXISTS (SELECT 1 FROM deliveries_open WHERE account_id = e.account_id AND id ` + ofEvent + `)
	OR EXISTS (SELECT 1 FROM deliveries WHERE account_id = e.account_id AND id ` + ofEvent + ` AND finished_at >= ?1)
	OR EXISTS (SELECT 1 FROM jobs WHERE account_id = e.account_id AND id = e.job_id
		AND (finished_at = 0 OR finished_at >= ?1)),
	(SELECT count(*) FROM deliveries WHERE account_id = e.account_id AND id ` + ofEvent + `)
	+ (SELECT count(*) FROM attempts WHERE account_id = e.account_id AND delivery_id ` + ofEvent + `)
	FROM events e WHERE rowid > ?2 ORDER BY rowid LIMIT ?3`

func scanOldEvent(row scanner) (e oldEvent, err error) {
	err = row.Scan(&e.rowid, &e.accountID, &e.id, &e.jobID, &e.young, &e.stays, &e.rows)
	return e, err
}

// rowsOfEvent is how many rows most events have at least: their own, a
// delivery, an attempt. To look at more of them than a slice deletes is vain.
const rowsOfEvent = 3

// PurgeHistory looks for what is over beside the writer, and in its transaction
// looks again only at what it deletes.
func (s *Store) PurgeHistory(ctx context.Context, p store.Purge) (store.Purged, error) {
	after := int64(0)
	if p.After != "" {
		var err error
		if after, err = strconv.ParseInt(p.After, 10, 64); err != nil {
			return store.Purged{}, fmt.Errorf("sqlite: where to go on: %w", err)
		}
	}
	looked, err := list(ctx, s.r, scanOldEvent, oldEvents, micros(p.Before), after, max(p.Rows/rowsOfEvent, 1))
	if err != nil {
		return store.Purged{}, err
	}
	var over []oldEvent
	young := 0
	for _, e := range looked {
		switch {
		case e.young:
			young++
		case !e.stays:
			over = append(over, e)
		}
	}
	if young == len(looked) {
		return store.Purged{}, nil
	}
	purge := purge{before: micros(p.Before), rows: p.Rows, next: looked[len(looked)-1].rowid}
	if len(over) > 0 {
		err = s.w.transact(ctx, func(ctx context.Context, t tx) error {
			began := time.Now()
			defer func() { purge.purged.Held = time.Since(began) }()
			return purge.events(ctx, t, over)
		})
	}
	if err != nil {
		return store.Purged{}, err
	}
	purge.purged.Next = strconv.FormatInt(purge.next, 10)
	return purge.purged, nil
}

// purge deletes what is over, within one transaction.
type purge struct {
	before int64
	rows   int   // that may be deleted in all
	used   int   // of them
	next   int64 // the rowid after which the next slice looks
	purged store.Purged
}

func (p *purge) events(ctx context.Context, t tx, over []oldEvent) error {
	for _, e := range over {
		if p.used > 0 && p.used+e.rows >= p.rows {
			p.next = e.rowid - 1
			return nil
		}
		stays, err := pendingAgain(ctx, t, e, p.before)
		if err != nil {
			return err
		}
		if stays {
			continue
		}
		if e.rows >= p.rows {
			p.next = e.rowid - 1
			return p.part(ctx, t, e)
		}
		if err := p.event(ctx, t, e); err != nil {
			return err
		}
	}
	return nil
}

// pendingAgain says whether a delivery of the event was retried by hand since
// it was looked at.
func pendingAgain(ctx context.Context, t tx, e oldEvent, before int64) (yes bool, err error) {
	first, last := deliveriesOf(e.id)
	err = one(ctx, t, func(row scanner) error { return row.Scan(&yes) }, `
		SELECT EXISTS (SELECT 1 FROM deliveries_open WHERE account_id = ?1 AND id BETWEEN ?2 AND ?3)
		OR EXISTS (SELECT 1 FROM deliveries WHERE account_id = ?1 AND id BETWEEN ?2 AND ?3 AND finished_at >= ?4)`,
		e.accountID, first, last, before)
	return yes, err
}

// event deletes an event with all that came of it.
func (p *purge) event(ctx context.Context, t tx, e oldEvent) error {
	first, last := deliveriesOf(e.id)
	if err := p.delete(ctx, t, &p.purged.Attempts,
		"DELETE FROM attempts WHERE account_id = ? AND delivery_id BETWEEN ? AND ?", e.accountID, first, last); err != nil {
		return err
	}
	if err := p.delete(ctx, t, &p.purged.Deliveries,
		"DELETE FROM deliveries WHERE account_id = ? AND id BETWEEN ? AND ?", e.accountID, first, last); err != nil {
		return err
	}
	if err := p.delete(ctx, t, &p.purged.Events,
		"DELETE FROM events WHERE account_id = ? AND id = ?", e.accountID, e.id); err != nil || e.jobID == "" {
		return err
	}
	return p.job(ctx, t, e)
}

// part deletes as much as is allowed of an event that has more: attempts, or
// deliveries once it has none.
func (p *purge) part(ctx context.Context, t tx, e oldEvent) error {
	first, last := deliveriesOf(e.id)
	if err := p.delete(ctx, t, &p.purged.Attempts, `DELETE FROM attempts WHERE (delivery_id, number) IN
		(SELECT delivery_id, number FROM attempts WHERE account_id = ? AND delivery_id BETWEEN ? AND ?
		ORDER BY delivery_id, number LIMIT ?)`, e.accountID, first, last, p.rows); err != nil || p.used > 0 {
		return err
	}
	return p.delete(ctx, t, &p.purged.Deliveries, `DELETE FROM deliveries WHERE account_id = ?1 AND id IN
		(SELECT id FROM deliveries WHERE account_id = ?1 AND id BETWEEN ?2 AND ?3
		ORDER BY id LIMIT ?4)`, e.accountID, first, last, p.rows)
}

func (p *purge) delete(ctx context.Context, t tx, count *int, query string, args ...any) error {
	n, err := t.exec(ctx, query, args...)
	*count += int(n)
	p.used += int(n)
	return err
}

// job deletes the job of an event that is gone, if it has no other one.
func (p *purge) job(ctx context.Context, t tx, e oldEvent) error {
	var input int64
	err := one(ctx, t, func(row scanner) error { return row.Scan(&input) }, `
		DELETE FROM jobs WHERE account_id = ?1 AND id = ?2 AND finished_at > 0 AND finished_at < ?3
		AND NOT EXISTS (SELECT 1 FROM events WHERE account_id = ?1 AND job_id <> '' AND job_id = ?2)
		RETURNING input_rowid`, e.accountID, e.jobID, p.before)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var values int
	if err := p.delete(ctx, t, &values, "DELETE FROM job_inputs WHERE rowid = ?", input); err != nil {
		return err
	}
	p.purged.Jobs++
	p.used++
	return p.delete(ctx, t, &values, "DELETE FROM job_results WHERE input_rowid = ?", input)
}
