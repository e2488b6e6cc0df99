package postgres

import (
	"context"
	"fmt"

	"github.com/ringback/ringback/internal/store"
)

// pace is how a commit goes about its operations.
type pace int

const (
	// fast sends all in one go: what should be so (that a delivery is still under
	// its lease, say) is not asked, but guarded, and a guard that fails undoes all.
	fast pace = iota
	// careful asks first, with what it finds locked.
	careful
	// inOrder is careful about one operation after the other, to find the one
	// that cannot be applied.
	inOrder
)

// Commit applies the operations in one transaction.
func (s *Store) Commit(ctx context.Context, ops []store.Op) error {
	if len(ops) == 0 {
		return nil
	}
	m := &marked{mark: s.marks.take()}
	defer s.marks.put(m.mark)
	m.bucket = bucketOf(store.AccountOf(ops[0]))
	var failed *store.OpError
	p := fast
	err := s.retried(ctx, func(ctx context.Context) error {
		err := s.commitAt(ctx, p, m, ops, &failed)
		switch {
		case p == fast && hasCode(err, codeGuard, codeDeadlock):
			p = careful
		case err == nil || ofDatabase(err):
		case p != inOrder && !hasCode(err, codeGuard):
			p = inOrder
			return s.commitAt(ctx, p, m, ops, &failed)
		}
		return err
	})
	switch {
	case err == nil:
		return nil
	case failed != nil && !ofDatabase(err):
		return failed
	}
	return fmt.Errorf("postgres: committing: %w", err)
}

// commitAt tries once, at a pace. In order, failed tells which operation could
// not be applied.
func (s *Store) commitAt(ctx context.Context, p pace, m *marked, ops []store.Op, failed **store.OpError) error {
	*failed = nil
	m.count++
	runs, reordered := runsOf(ops, p)
	return s.try(ctx, s.pool, m, func(ctx context.Context, t *tx) error {
		t.pace = p
		if len(ops) > 1 && (!reordered || p != fast) {
			t.lockRows(ops)
		}
		for i, run := range runs {
			err := s.apply(ctx, t, run)
			if err == nil && p == inOrder {
				err = t.flush(ctx, false)
			}
			if err != nil {
				*failed = &store.OpError{Index: i, Err: err}
				return err
			}
		}
		return nil
	})
}

// apply applies operations of the same kind. It decides about an operation
// before it writes anything of it, so that one that is turned down leaves
// nothing to undo. Result fields are set at every try.
func (s *Store) apply(ctx context.Context, t *tx, run []store.Op) error {
	switch op := run[0].(type) {
	case *store.SubmitJob:
		return s.submitJobs(ctx, t, as[*store.SubmitJob](run))
	case *store.FinishJob:
		return s.finishJobs(ctx, t, as[*store.FinishJob](run))
	case *store.ExtendLease:
		return s.extendLeases(ctx, t, as[*store.ExtendLease](run))
	case *store.RequeueJob:
		return s.requeueJobs(ctx, t, as[*store.RequeueJob](run))
	case *store.LeaseJobs:
		return s.leaseJobs(ctx, t, op)
	case *store.PromoteJobs:
		return s.promoteJobs(ctx, t, op)
	case *store.ChangeEndpoint:
		return s.changeEndpoint(ctx, t, op)
	case *store.PublishEvent:
		return s.publishEvents(ctx, t, as[*store.PublishEvent](run))
	case *store.RecordAttempt:
		return s.recordAttempts(ctx, t, as[*store.RecordAttempt](run))
	case *store.PlaceDelivery:
		t.placeDeliveries(as[*store.PlaceDelivery](run))
		return nil
	case *store.ClaimDeliveries:
		return s.claimDeliveries(ctx, t, op)
	case *store.RetryDelivery:
		return s.retryDelivery(ctx, t, op)
	case *store.CancelDelivery:
		return s.cancelDelivery(ctx, t, op)
	case *store.CancelPending:
		return s.cancelPending(ctx, t, op)
	case *store.RecoverEvents:
		return s.recoverEvents(ctx, t, op)
	}
	return fmt.Errorf("unknown operation %T", run[0])
}

// as gives the operations of a run as what they are.
func as[T store.Op](run []store.Op) []T {
	all := make([]T, len(run))
	for i, op := range run {
		all[i], _ = op.(T)
	}
	return all
}
