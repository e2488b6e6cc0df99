package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
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
			s.op = i
			if err := s.flushFor(ctx, t, op); err != nil {
				return err
			}
			if err := s.apply(ctx, t, op); err != nil {
				return opError(i, err)
			}
		}
		if err := s.flush(ctx, t); err != nil {
			return err
		}
		return s.mark(ctx, t)
	})
}

func opError(i int, err error) error {
	if _, known := errors.AsType[*store.OpError](err); known {
		return err
	}
	if ofDatabase(err) {
		return fmt.Errorf("sqlite: operation %d: %w", i, err)
	}
	return &store.OpError{Index: i, Err: err}
}

// flushFor inserts, of what was gathered, what an operation looks at.
// RecordAttempt sees to that itself, and so does what is about a job that runs:
// only LeaseJobs makes jobs run, and before it all have their rows.
func (s *Store) flushFor(ctx context.Context, t tx, op store.Op) error {
	switch op := op.(type) {
	case *store.ClaimDeliveries, *store.PlaceDelivery, *store.RetryDelivery, *store.CancelDelivery, *store.CancelPending, *store.RecoverEvents:
		return s.flush(ctx, t)
	case *store.LeaseJobs, *store.PromoteJobs:
		return s.flushJobs(ctx, t)
	case *store.FinishJob:
		if op.Token == "" {
			return s.flushJobs(ctx, t)
		}
	}
	return nil
}

// gathered is what rows are gathered in.
func (s *Store) gathered() []*bulk {
	return []*bulk{s.inputs, s.jobs, s.results, s.events, s.open, s.deliveries}
}

// flush inserts the rows that were gathered.
func (s *Store) flush(ctx context.Context, t tx) error {
	return flushAll(ctx, t, s.gathered())
}

// flushJobs inserts the jobs that were gathered.
func (s *Store) flushJobs(ctx context.Context, t tx) error {
	return flushAll(ctx, t, []*bulk{s.inputs, s.jobs})
}

func flushAll(ctx context.Context, t tx, gathered []*bulk) error {
	for _, b := range gathered {
		if i, err := b.flush(ctx, t); err != nil {
			return opError(i, err)
		}
	}
	return nil
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
	case *store.RecoverEvents:
		return s.recoverEvents(ctx, t, op)
	case *store.ChangeEndpoint:
		return s.changeEndpoint(ctx, t, op)
	}
	return fmt.Errorf("unknown operation %T", op)
}

// ofDatabase says whether an error is about the whole database, or the
// connection to it. Any other is the operation's own: about its values, or
// about the rows that it reads.
func ofDatabase(err error) bool {
	for _, known := range []error{driver.ErrBadConn, sql.ErrConnDone, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return true
		}
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff { // the primary code
	case codes.SQLITE_INTERNAL, codes.SQLITE_PERM, codes.SQLITE_ABORT, codes.SQLITE_BUSY, codes.SQLITE_LOCKED,
		codes.SQLITE_NOMEM, codes.SQLITE_READONLY, codes.SQLITE_INTERRUPT, codes.SQLITE_IOERR,
		codes.SQLITE_CORRUPT, codes.SQLITE_FULL, codes.SQLITE_CANTOPEN, codes.SQLITE_PROTOCOL,
		codes.SQLITE_NOLFS, codes.SQLITE_AUTH, codes.SQLITE_NOTADB:
		return true
	}
	return false
}
