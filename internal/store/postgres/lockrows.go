package postgres

import "github.com/ringback/ringback/internal/store"

// The rows that a commit is about are locked before it changes any, in the order
// of their keys, where it changes them in another order: then it waits for
// others, and not they for it.
var (
	lockOpenRows = bulk("lock pending deliveries", `SELECT 1
		FROM unnest({array}$2::text[], $3::text[], $4::int[]) AS r ({column}account_id, id, day)
		JOIN deliveries_open d ON {row d}
		FOR UPDATE OF d`)
	lockHistoryRows = bulk("lock deliveries of history", `SELECT 1
		FROM unnest({array}$2::text[], $3::text[], $4::int[]) AS r ({column}account_id, id, day)
		JOIN deliveries d ON {row d} AND d.day = r.day
		FOR UPDATE OF d`)
	lockJobRows = bulk("lock jobs", `SELECT 1
		FROM unnest({array}$2::text[], $3::text[], $4::int[]) AS r ({column}account_id, id, day)
		JOIN jobs j ON {row j}
		FOR UPDATE OF j`)
)

// lockRows queues the locks.
func (t *tx) lockRows(ops []store.Op) {
	var deliveries, jobs []store.DeliveryRef
	for _, op := range ops {
		switch op := op.(type) {
		case *store.RecordAttempt:
			deliveries = append(deliveries, op.DeliveryRef)
		case *store.PlaceDelivery:
			deliveries = append(deliveries, op.DeliveryRef)
		case *store.RetryDelivery:
			deliveries = append(deliveries, op.DeliveryRef)
		case *store.CancelDelivery:
			deliveries = append(deliveries, op.DeliveryRef)
		case *store.FinishJob:
			jobs = append(jobs, store.DeliveryRef{AccountID: op.Job.AccountID, ID: op.Job.ID})
		case *store.ExtendLease:
			jobs = append(jobs, store.DeliveryRef{AccountID: op.AccountID, ID: op.JobID})
		case *store.RequeueJob:
			jobs = append(jobs, store.DeliveryRef{AccountID: op.AccountID, ID: op.JobID})
		}
	}
	queueBulk(t, lockJobRows, sorted(jobs, refAccount, refID), refArgs)
	queueBulk(t, lockOpenRows, sorted(deliveries, refAccount, refID), refArgs)
	queueBulk(t, lockHistoryRows, sorted(deliveries, refAccount, refID), refArgs)
}
