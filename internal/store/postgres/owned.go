package postgres

import (
	"context"

	"github.com/ringback/ringback/internal/store"
)

var lockOwner = register("lock owner", scopeControl, "", "SELECT pg_advisory_xact_lock($1)")

// mayInsert says whether an owner may have one more of what it keeps by name.
// count gives how many of them there are, and how many of that name. Until the
// transaction has ended nobody else inserts any.
func (s *Store) mayInsert(ctx context.Context, t *tx, count *statement, owner, name string, limit int) error {
	if _, err := t.exec(ctx, lockOwner, s.lockKey(count.name, owner)); err != nil {
		return err
	}
	var have, same int
	if err := one(ctx, t, func(row scanner) error { return row.Scan(&have, &same) },
		count, bucketOf(owner), owner, name); err != nil {
		return err
	}
	switch {
	case same > 0:
		return store.ErrExists
	case have >= limit:
		return store.ErrLimit
	}
	return nil
}

// deleteOwned deletes what an owner keeps by name.
func (s *Store) deleteOwned(ctx context.Context, how *statement, owner, name string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, how, bucketOf(owner), owner, name)
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrNotFound
		}
		return s.tell(t, store.Signal{Kind: store.SignalAccount, AccountID: owner})
	})
}
