package sqlite

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

// The columns of a delivery, in both tables; columns.ScanDelivery reads them.
const (
	bothColumns = `account_id, id, event_type, job_id, endpoint_id, url, profile, reason,
		attempt_count, step, created_at`
	openColumns   = bothColumns + ", 'pending' AS status, next_attempt_at, 0 AS finished_at"
	closedColumns = bothColumns + ", status, 0 AS next_attempt_at, finished_at"
)

// insertOpen writes a pending delivery.
func insertOpen(ctx context.Context, t tx, d *store.NewDelivery) error {
	lease, queue := place(d.Placement)
	_, err := t.exec(ctx, "INSERT INTO deliveries_open ("+bothColumns+
		", next_attempt_at, lease, queue) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		d.AccountID, d.ID, d.EventType, d.JobID, d.EndpointID, d.URL, d.Profile, d.Reason,
		d.AttemptCount, d.Step, micros(d.CreatedAt), micros(d.NextAttemptAt), lease, queue)
	return err
}

func newOpenRows() *bulk {
	return newBulk("deliveries_open", "account_id", "id", "event_type", "job_id", "endpoint_id", "url", "profile", "reason",
		"attempt_count", "step", "created_at", "next_attempt_at", "lease", "queue")
}

// gatherOpen is insertOpen with the rest of the batch.
func (s *Store) gatherOpen(d *store.NewDelivery) {
	lease, queue := place(d.Placement)
	s.open.add(s.op, d.AccountID, d.ID, d.EventType, d.JobID, d.EndpointID, d.URL, d.Profile, d.Reason,
		d.AttemptCount, d.Step, micros(d.CreatedAt), micros(d.NextAttemptAt), lease, queue)
}

// place gives the columns lease and queue.
func place(p store.Placement) (lease int64, queue string) {
	if p.Lease != 0 {
		return int64(p.Lease), ""
	}
	return 0, p.Queue
}

// Delivery reads a delivery.
func (s *Store) Delivery(ctx context.Context, accountID, id string) (d *ringback.Delivery, err error) {
	if d := s.born.pending(accountID, id); d != nil {
		return d, nil
	}
	err = one(ctx, s.r, func(row scanner) error { d, err = columns.ScanDelivery(row); return err },
		"SELECT "+openColumns+" FROM deliveries_open WHERE account_id = ?1 AND id = ?2 UNION ALL SELECT "+
			closedColumns+" FROM deliveries WHERE account_id = ?1 AND id = ?2", accountID, id)
	return d, err
}

// ListDeliveries merges pending deliveries and history, newest first.
func (s *Store) ListDeliveries(
	ctx context.Context, accountID string, f store.DeliveryFilter, p store.Page,
) ([]*ringback.Delivery, error) {
	// Looked at first: what gets its row meanwhile is then found there, too.
	born := s.born.snapshot(func(n *bornDelivery) bool {
		return n.d.AccountID == accountID && matches(&n.d, f) && n.d.ID < cmp.Or(p.Before, afterEveryID)
	})
	rows, err := s.listDeliveries(ctx, accountID, f, p)
	if err != nil {
		return nil, err
	}
	return merge(rows, born, p.Limit), nil
}

// matches says whether a pending delivery is selected.
func matches(d *ringback.Delivery, f store.DeliveryFilter) bool {
	return (f.Status == "" || f.Status == d.Status) && (f.EndpointID == "" || f.EndpointID == d.EndpointID) &&
		(f.EventType == "" || f.EventType == d.EventType) && (f.EventID == "" || f.EventID == d.EventID) &&
		(f.JobID == "" || f.JobID == d.JobID) &&
		(f.Since.IsZero() || micros(d.CreatedAt) >= micros(f.Since)) && (f.Until.IsZero() || micros(d.CreatedAt) < micros(f.Until))
}

// merge adds deliveries without a row to a list; a row says more.
func merge(rows []*ringback.Delivery, born []bornDelivery, limit int) []*ringback.Delivery {
	if len(born) == 0 {
		return rows
	}
	have := make(map[string]bool, len(rows))
	for _, d := range rows {
		have[d.ID] = true
	}
	for i := range born {
		if d := &born[i].d; !have[d.ID] {
			rows = append(rows, d)
		}
	}
	slices.SortFunc(rows, func(a, b *ringback.Delivery) int { return cmp.Compare(b.ID, a.ID) })
	return rows[:min(limit, len(rows))]
}

// listDeliveries lists those that have rows.
func (s *Store) listDeliveries(
	ctx context.Context, accountID string, f store.DeliveryFilter, p store.Page,
) ([]*ringback.Delivery, error) {
	first, last, err := s.idRange(ctx, accountID, f)
	if err != nil || first > last {
		return nil, err
	}
	var parts []*selection
	if f.Status == "" || f.Status == ringback.DeliveryPending {
		parts = append(parts, selectFrom(openColumns, "deliveries_open", openBy(f), accountID))
	}
	if f.Status != ringback.DeliveryPending {
		q := selectFrom(closedColumns, "deliveries", closedBy(f), accountID)
		q.equal("status", string(f.Status))
		parts = append(parts, q)
	}
	query := ""
	var args []any
	for _, q := range parts {
		q.and("id BETWEEN ? AND ? AND id < ?", first, last, cmp.Or(p.Before, afterEveryID))
		q.equal("endpoint_id", f.EndpointID)
		q.equal("event_type", f.EventType)
		q.equal("job_id", f.JobID)
		q.createdWithin(f.Span)
		text := q.newest(p.Limit)
		if len(parts) == 1 {
			query, args = text, q.args
			break
		}
		if query != "" {
			query += " UNION ALL "
		}
		query += "SELECT * FROM (" + text + ")"
		args = append(args, q.args...)
	}
	if len(parts) > 1 {
		query = "SELECT * FROM (" + query + ") ORDER BY id DESC LIMIT ?"
		args = append(args, p.Limit)
	}
	return list(ctx, s.lists, columns.ScanDelivery, query, args...)
}

var (
	openByEndpoint      = index{name: "open_endpoint"}
	closedByEndpoint    = index{name: "deliveries_endpoint"}
	closedByUndelivered = index{name: "deliveries_undelivered", condition: "status <> 'delivered'"}
)

func openBy(f store.DeliveryFilter) index {
	if f.EndpointID != "" && f.EventID == "" && f.JobID == "" {
		return openByEndpoint
	}
	return index{}
}

// closedBy gives the index that is likely to have the fewest rows to look at:
// of an event or a job there are few in any case, and most deliveries arrive.
func closedBy(f store.DeliveryFilter) index {
	switch {
	case f.EventID != "" || f.JobID != "":
		return index{}
	case f.Status != "" && f.Status != ringback.DeliveryDelivered:
		return closedByUndelivered
	case f.EndpointID != "":
		return closedByEndpoint
	}
	return index{}
}

// idRange bounds the ids that a filter can match. Deliveries of an event are
// neighbours, and a job has one event. A delivery may be made long after its
// event, but not before it: so the end of the span bounds ids, and its
// beginning does not.
func (s *Store) idRange(ctx context.Context, accountID string, f store.DeliveryFilter) (first, last string, err error) {
	first, last = "", afterEveryID
	if f.EventID != "" {
		first, last = deliveriesOf(f.EventID)
	}
	if f.JobID != "" {
		var oldest, newest *string
		if err := one(ctx, s.lists, func(row scanner) error { return row.Scan(&oldest, &newest) },
			"SELECT min(id), max(id) FROM events WHERE account_id = ? AND job_id <> '' AND job_id = ?",
			accountID, f.JobID); err != nil {
			return "", "", err
		}
		if oldest == nil {
			return afterEveryID, "", nil
		}
		from, _ := deliveriesOf(*oldest)
		_, to := deliveriesOf(*newest)
		first, last = max(first, from), min(last, to)
	}
	if !f.Until.IsZero() {
		last = min(last, ringback.MinID(ringback.PrefixDelivery, f.Until))
	}
	return first, last, nil
}

func deliveriesOf(eventID string) (first, last string) {
	head := ringback.Rekind(ringback.PrefixDelivery, eventID)
	return head, head + afterEveryID
}

// NextDue looks at the head of the index of scheduled deliveries.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	var due int64
	err := one(ctx, s.r, func(row scanner) error { return row.Scan(&due) },
		`SELECT next_attempt_at FROM deliveries_open INDEXED BY open_due
		WHERE lease = 0 AND queue = '' ORDER BY next_attempt_at LIMIT 1`)
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	return fromMicros(due), err
}

// ParkedQueues looks into the index once for each queue, however many
// deliveries are in it.
func (s *Store) ParkedQueues(ctx context.Context) ([]string, error) {
	return list(ctx, s.r, func(row scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	}, `WITH RECURSIVE queues (name) AS (
			SELECT min(queue) FROM deliveries_open INDEXED BY open_parked WHERE queue <> ''
			UNION ALL
			SELECT (SELECT min(queue) FROM deliveries_open INDEXED BY open_parked
				WHERE queue <> '' AND queue > name) FROM queues WHERE name IS NOT NULL)
		SELECT name FROM queues WHERE name IS NOT NULL`)
}

// AbandonedEndpoints looks into the index for each endpoint and each account,
// however many deliveries are pending for them: from endpoint to endpoint of an
// account, and then to the next account, before its first one. A callback has no
// endpoint. The columns are compared one by one, because SQLite goes through all
// rows that are equal to the start of a range over two.
func (s *Store) AbandonedEndpoints(ctx context.Context, limit int) ([]store.EndpointRef, error) {
	if err := s.settleNow(ctx, anyDelivery); err != nil {
		return nil, err
	}
	const (
		nextEndpoint = `(SELECT min(endpoint_id) FROM deliveries_open INDEXED BY open_endpoint
			WHERE account_id = account AND endpoint_id > endpoint)`
		nextAccount = `(SELECT min(account_id) FROM deliveries_open INDEXED BY open_endpoint
			WHERE account_id > account)`
	)
	return list(ctx, s.r, func(row scanner) (ref store.EndpointRef, err error) {
		err = row.Scan(&ref.AccountID, &ref.ID)
		return ref, err
	}, `WITH RECURSIVE owed (account, endpoint) AS (
			SELECT '', ''
			UNION ALL
			SELECT iif(`+nextEndpoint+` IS NULL, `+nextAccount+`, account), coalesce(`+nextEndpoint+`, '')
			FROM owed WHERE account IS NOT NULL)
		SELECT account, endpoint FROM owed WHERE endpoint <> '' AND NOT EXISTS
			(SELECT 1 FROM endpoints WHERE account_id = account AND id = endpoint AND enabled = 1)
		LIMIT ?`, limit)
}

// LeasedDeliveries gives what is under leases of the epoch.
func (s *Store) LeasedDeliveries(ctx context.Context, epoch int64) ([]store.LeasedDelivery, error) {
	first, last := store.LeasesOf(epoch)
	var leased []store.LeasedDelivery
	seen := make(map[string]bool)
	for _, n := range s.born.snapshot(func(n *bornDelivery) bool { return n.lease.Epoch() == epoch }) {
		seen[n.d.ID] = true
		leased = append(leased, store.LeasedDelivery{
			DeliveryRef: store.DeliveryRef{AccountID: n.d.AccountID, ID: n.d.ID}, Lease: n.lease,
		})
	}
	rows, err := list(ctx, s.r, func(row scanner) (l store.LeasedDelivery, err error) {
		err = row.Scan(&l.AccountID, &l.ID, &l.Lease)
		return l, err
	}, `SELECT account_id, id, lease FROM deliveries_open INDEXED BY open_leased
		WHERE lease <> 0 AND lease BETWEEN ? AND ?`, int64(first), int64(last))
	for _, l := range rows {
		if !seen[l.ID] {
			leased = append(leased, l)
		}
	}
	return leased, err
}

// settleNow gives rows to the deliveries that are chosen, in a transaction of
// its own, if there are any.
func (s *Store) settleNow(ctx context.Context, chosen func(*ringback.Delivery) bool) error {
	if len(s.born.snapshot(func(n *bornDelivery) bool { return chosen(&n.d) })) == 0 {
		return nil
	}
	return s.w.transact(ctx, func(ctx context.Context, t tx) error { return s.settleAll(ctx, t, chosen) })
}
