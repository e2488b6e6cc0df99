package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

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

// OverEvents looks beside the writer. It ends at a look that finds nothing but
// younger events.
func (s *Store) OverEvents(ctx context.Context, before time.Time, after string, limit int) (store.OverEvents, error) {
	var from int64
	if err := s.settleNow(ctx, func(d *ringback.Delivery) bool { return d.CreatedAt.Before(before) }); err != nil {
		return store.OverEvents{}, err
	}
	if after != "" {
		var err error
		if from, err = strconv.ParseInt(after, 10, 64); err != nil {
			return store.OverEvents{}, fmt.Errorf("sqlite: where to go on: %w", err)
		}
	}
	var found store.OverEvents
	old, last := false, int64(0)
	err := s.r.each(ctx, func(row scanner) error {
		var e store.OverEvent
		var young, stays bool
		err := row.Scan(&last, &e.AccountID, &e.ID, &e.JobID, &young, &stays, &e.Rows)
		old = old || !young
		if err == nil && !young && !stays {
			found.Events = append(found.Events, e)
		}
		return err
	}, oldEvents, micros(before), from, limit)
	if err != nil {
		return store.OverEvents{}, err
	}
	if old {
		found.Next = strconv.FormatInt(last, 10)
	}
	return found, nil
}

// PurgeEvents deletes events.
func (s *Store) PurgeEvents(ctx context.Context, p store.PurgeEvents) (store.Purged, error) {
	purge := purge{before: micros(p.Before), rows: p.Rows}
	err := s.w.transact(ctx, func(ctx context.Context, t tx) error {
		began := time.Now()
		defer func() { purge.purged.Held = time.Since(began) }()
		return purge.events(ctx, t, p.Events)
	})
	if err != nil {
		return store.Purged{}, err
	}
	return purge.purged, nil
}

// purge deletes what is over, within one transaction.
type purge struct {
	before int64
	rows   int // that may be deleted in all
	used   int // of them
	purged store.Purged
}

func (p *purge) events(ctx context.Context, t tx, over []store.OverEvent) error {
	for _, e := range over {
		if p.used > 0 && p.used+e.Rows >= p.rows {
			return nil
		}
		stays, err := pendingAgain(ctx, t, e, p.before)
		if err != nil {
			return err
		}
		if !stays && e.Rows >= p.rows {
			if done, err := p.part(ctx, t, e); err != nil || !done {
				return err
			}
		}
		if !stays {
			if err := p.event(ctx, t, e); err != nil {
				return err
			}
		}
		p.purged.Done++
	}
	return nil
}

// pendingAgain says whether a delivery of the event was retried by hand since
// it was looked at.
func pendingAgain(ctx context.Context, t tx, e store.OverEvent, before int64) (yes bool, err error) {
	first, last := deliveriesOf(e.ID)
	err = one(ctx, t, func(row scanner) error { return row.Scan(&yes) }, `
		SELECT EXISTS (SELECT 1 FROM deliveries_open WHERE account_id = ?1 AND id BETWEEN ?2 AND ?3)
		OR EXISTS (SELECT 1 FROM deliveries WHERE account_id = ?1 AND id BETWEEN ?2 AND ?3 AND finished_at >= ?4)`,
		e.AccountID, first, last, before)
	return yes, err
}

// event deletes an event with all that came of it.
func (p *purge) event(ctx context.Context, t tx, e store.OverEvent) error {
	first, last := deliveriesOf(e.ID)
	if err := p.delete(ctx, t, &p.purged.Attempts,
		"DELETE FROM attempts WHERE account_id = ? AND delivery_id BETWEEN ? AND ?", e.AccountID, first, last); err != nil {
		return err
	}
	if err := p.deliveries(ctx, t,
		"DELETE FROM deliveries WHERE account_id = ? AND id BETWEEN ? AND ? RETURNING attempt IS NOT NULL", e.AccountID, first, last); err != nil {
		return err
	}
	if err := p.delete(ctx, t, &p.purged.Events,
		"DELETE FROM events WHERE account_id = ? AND id = ?", e.AccountID, e.ID); err != nil || e.JobID == "" {
		return err
	}
	return p.job(ctx, t, e)
}

// part deletes as much as is allowed of an event that has more: attempts, or
// deliveries once it has none. It is done when it had neither.
func (p *purge) part(ctx context.Context, t tx, e store.OverEvent) (done bool, err error) {
	first, last := deliveriesOf(e.ID)
	if err := p.delete(ctx, t, &p.purged.Attempts, `DELETE FROM attempts WHERE (delivery_id, number) IN
		(SELECT delivery_id, number FROM attempts WHERE account_id = ? AND delivery_id BETWEEN ? AND ?
		ORDER BY delivery_id, number LIMIT ?)`, e.AccountID, first, last, p.rows); err != nil || p.used > 0 {
		return false, err
	}
	// From here on it would look as if its endpoints had missed it.
	if _, err := t.exec(ctx, "UPDATE events SET only_endpoint = '-', born = NULL WHERE account_id = ? AND id = ?", e.AccountID, e.ID); err != nil {
		return false, err
	}
	err = p.deliveries(ctx, t, `DELETE FROM deliveries WHERE account_id = ?1 AND id IN
		(SELECT id FROM deliveries WHERE account_id = ?1 AND id BETWEEN ?2 AND ?3
		ORDER BY id LIMIT ?4) RETURNING attempt IS NOT NULL`, e.AccountID, first, last, p.rows)
	return p.used == 0, err
}

// deliveries deletes some, with the attempts that are kept with them.
func (p *purge) deliveries(ctx context.Context, t tx, query string, args ...any) error {
	return t.each(ctx, func(row scanner) error {
		var attempt bool
		err := row.Scan(&attempt)
		p.purged.Deliveries++
		p.used++
		if attempt {
			p.purged.Attempts++
		}
		return err
	}, query, args...)
}

func (p *purge) delete(ctx context.Context, t tx, count *int, query string, args ...any) error {
	n, err := t.exec(ctx, query, args...)
	*count += int(n)
	p.used += int(n)
	return err
}

// job deletes the job of an event that is gone, if it has no other one.
func (p *purge) job(ctx context.Context, t tx, e store.OverEvent) error {
	var input int64
	err := one(ctx, t, func(row scanner) error { return row.Scan(&input) }, `
		DELETE FROM jobs WHERE account_id = ?1 AND id = ?2 AND finished_at > 0 AND finished_at < ?3
		AND NOT EXISTS (SELECT 1 FROM events WHERE account_id = ?1 AND job_id <> '' AND job_id = ?2)
		RETURNING input_rowid`, e.AccountID, e.JobID, p.before)
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
