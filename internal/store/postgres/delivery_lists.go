package postgres

import (
	"cmp"
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

// What all parts of a list of deliveries have in common. A filter that is empty
// lets all rows through.
const (
	listedBucket = "bucket = $1 AND account_id = $2"
	listedRows   = ` AND id >= $3 AND id <= $4 AND id < $5
		AND ($6 = '' OR endpoint_id = $6) AND ($7 = '' OR event_type = $7) AND ($8 = '' OR job_id = $8)
		AND created_at >= $9 AND ($10::bigint = 0 OR created_at < $10)`
	listedEnd = " ORDER BY id DESC LIMIT $11"
	listedDay = " AND day BETWEEN $12 AND $13"

	openPart = "(SELECT " + openColumns + " FROM deliveries_open WHERE " + listedBucket + listedRows + listedEnd + ")"
	// What is leased is in no index by endpoint: there is little of it.
	openOfEndpoint = "(SELECT " + openColumns + " FROM deliveries_open WHERE " + listedBucket +
		" AND endpoint_id = $6 AND lease = 0" + listedRows + listedEnd + `)
		UNION ALL (SELECT ` + openColumns + " FROM deliveries_open WHERE " + listedBucket +
		" AND endpoint_id = $6 AND lease <> 0" + listedRows + listedEnd + ")"
	closedPart        = "(SELECT " + closedColumns + " FROM deliveries WHERE " + listedBucket + listedRows + listedDay + listedEnd + ")"
	closedOfEndpoint  = "(SELECT " + closedColumns + " FROM deliveries WHERE " + listedBucket + " AND endpoint_id = $6 AND endpoint_id <> ''" + listedRows + listedDay + listedEnd + ")"
	closedUndelivered = "(SELECT " + closedColumns + " FROM deliveries WHERE " + listedBucket + " AND status <> 'delivered' AND status = $14" + listedRows + listedDay + listedEnd + ")"
	closedOfStatus    = "(SELECT " + closedColumns + " FROM deliveries WHERE " + listedBucket + " AND status = $14" + listedRows + listedDay + listedEnd + ")"
	// Of an endpoint with a status that most have.
	closedOfBoth = "(SELECT " + closedColumns + " FROM deliveries WHERE " + listedBucket + " AND endpoint_id = $6 AND endpoint_id <> '' AND status = $14" + listedRows + listedDay + listedEnd + ")"
)

// listDeliveries is a list of these parts, newest first.
func listDeliveries(name, parts string) *statement {
	return oneBucket("list deliveries: "+name, "SELECT * FROM ("+parts+") d"+listedEnd)
}

var (
	listOpen            = listDeliveries("pending", openPart)
	listOpenOfEndpoint  = listDeliveries("pending of an endpoint", openOfEndpoint)
	listBoth            = listDeliveries("all", openPart+" UNION ALL "+closedPart)
	listBothOfEndpoint  = listDeliveries("all of an endpoint", openOfEndpoint+" UNION ALL "+closedOfEndpoint)
	listUndelivered     = listDeliveries("undelivered", closedUndelivered)
	listOfStatus        = listDeliveries("of a status", closedOfStatus)
	listOfStatusAndEndp = listDeliveries("of a status and an endpoint", closedOfBoth)
	jobEvents           = oneBucket("events of a job", `SELECT coalesce(min(id), ''), coalesce(max(id), '') FROM events
		WHERE bucket = $1 AND account_id = $2 AND job_id <> '' AND job_id = $3`)
)

// listBy gives the statement that is likely to have the fewest rows to look at:
// of an event or a job there are few in any case, and most deliveries arrive.
func listBy(f store.DeliveryFilter) *statement {
	byEndpoint := f.EndpointID != "" && f.EventID == "" && f.JobID == ""
	few := f.EventID != "" || f.JobID != ""
	switch {
	case f.Status == ringback.DeliveryPending && byEndpoint:
		return listOpenOfEndpoint
	case f.Status == ringback.DeliveryPending:
		return listOpen
	case f.Status == "" && byEndpoint:
		return listBothOfEndpoint
	case f.Status == "":
		return listBoth
	case f.Status != ringback.DeliveryDelivered && !few:
		return listUndelivered
	case byEndpoint:
		return listOfStatusAndEndp
	}
	return listOfStatus
}

// ListDeliveries merges pending deliveries and history, newest first.
func (s *Store) ListDeliveries(
	ctx context.Context, accountID string, f store.DeliveryFilter, p store.Page,
) ([]*ringback.Delivery, error) {
	first, last, err := s.idRange(ctx, accountID, f)
	if err != nil || first > last {
		return nil, err
	}
	before := cmp.Or(p.Before, columns.AfterEveryID)
	from, to := dayRange(first, min(last, before))
	args := []any{
		bucketOf(accountID), accountID, first, last, before, f.EndpointID, f.EventType, f.JobID,
		columns.Micros(f.Since), columns.Micros(f.Until), p.Limit,
	}
	st := listBy(f)
	switch st {
	case listOpen, listOpenOfEndpoint:
	case listBoth, listBothOfEndpoint:
		args = append(args, from, to)
	default:
		args = append(args, from, to, string(f.Status))
	}
	return list(ctx, s.l(), columns.ScanDelivery, st, args...)
}

// idRange bounds the ids that a filter can match. Deliveries of an event are
// neighbours, and a job has one event. A delivery may be made long after its
// event, but not before it: so the end of the span bounds ids, and its
// beginning does not.
func (s *Store) idRange(ctx context.Context, accountID string, f store.DeliveryFilter) (first, last string, err error) {
	first, last = "", columns.AfterEveryID
	if f.EventID != "" {
		first, last = deliveriesOf(f.EventID)
	}
	if f.JobID != "" {
		var oldest, newest string
		if err := one(ctx, s.l(), func(row scanner) error { return row.Scan(&oldest, &newest) },
			jobEvents, bucketOf(accountID), accountID, f.JobID); err != nil {
			return "", "", err
		}
		if oldest == "" {
			return columns.AfterEveryID, "", nil
		}
		from, _ := deliveriesOf(oldest)
		_, to := deliveriesOf(newest)
		first, last = max(first, from), min(last, to)
	}
	if !f.Until.IsZero() {
		last = min(last, ringback.MinID(ringback.PrefixDelivery, f.Until))
	}
	return first, last, nil
}
