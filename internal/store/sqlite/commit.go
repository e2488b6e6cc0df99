package sqlite

import (
	"context"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/ringback/ringback/internal/store"
)

// Commit applies the operations in one transaction.
func (s *Store) Commit(ctx context.Context, ops []store.Op) error {
	if len(ops) == 0 {
		return nil
	}
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		for i, op := range ops {
			if err := s.apply(ctx, t, op); err != nil {
				if ofOperation(err) {
					return &store.OpError{Index: i, Err: err}
				}
				return fmt.Errorf("sqlite: operation %d: %w", i, err)
			}
		}
		return nil
	})
}

// apply decides about an operation before it writes anything of it, so that
// one that is turned down leaves nothing to undo.
func (s *Store) apply(ctx context.Context, t tx, op store.Op) error {
	switch op := op.(type) {
	case *store.PublishEvent:
		return s.publishEvent(ctx, t, op)
	case *store.RecordAttempt:
		return s.recordAttempt(ctx, t, op)
	case *store.SubmitJob:
		return s.submitJob(ctx, t, op)
	case *store.LeaseJobs:
		return s.leaseJobs(ctx, t, op)
	case *store.ExtendLease:
		return s.extendLease(ctx, t, op)
	case *store.RequeueJob:
		return s.requeueJob(ctx, t, op)
	case *store.FinishJob:
		return s.finishJob(ctx, t, op)
	case *store.PromoteJobs:
		return s.promoteJobs(ctx, t, op)
	case *store.ClaimDeliveries:
		return s.claimDeliveries(ctx, t, op)
	case *store.PlaceDelivery:
		return s.placeDelivery(ctx, t, op)
	case *store.RetryDelivery:
		return s.retryDelivery(ctx, t, op)
	case *store.CancelDelivery:
		return s.cancelDelivery(ctx, t, op)
	case *store.CancelPending:
		return s.cancelPending(ctx, t, op)
	}
	return fmt.Errorf("unknown operation %T", op)
}

// ofOperation says whether an error is about the values of one operation, and
// not about the whole database.
func ofOperation(err error) bool {
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff { // the primary code
	case codes.SQLITE_CONSTRAINT, codes.SQLITE_TOOBIG, codes.SQLITE_MISMATCH:
		return true
	}
	return false
}
