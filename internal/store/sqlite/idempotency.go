package sqlite

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/store"
)

// keyUse is what became of a submission's idempotency key.
type keyUse struct {
	replayed string // what an earlier submission with the key made, "" = the key is fresh
	err      error  // ErrIdempotencyMismatch
}

// fresh says whether the submission is to be made.
func (u keyUse) fresh() bool { return u.replayed == "" && u.err == nil }

// useKey looks a submission's key up and, if it is fresh, keeps it with the id
// of what the submission makes.
func useKey(
	ctx context.Context, t tx, key *store.IdempotencyKey, accountID, ref string, at time.Time,
) (keyUse, error) {
	if key == nil {
		return keyUse{}, nil
	}
	var known string
	var fingerprint []byte
	err := one(ctx, t, func(row scanner) error { return row.Scan(&known, &fingerprint) },
		`SELECT ref, fingerprint FROM idempotency
		WHERE account_id = ? AND route = ? AND key = ? AND created_at >= ?`,
		accountID, key.Route, key.Key, micros(at.Add(-store.KeyTTL)))
	switch {
	case err == nil && bytes.Equal(fingerprint, key.Fingerprint[:]):
		return keyUse{replayed: known}, nil
	case err == nil:
		return keyUse{err: store.ErrIdempotencyMismatch}, nil
	case !errors.Is(err, store.ErrNotFound):
		return keyUse{}, err
	}
	_, err = t.exec(ctx, `INSERT OR REPLACE INTO idempotency
		(account_id, route, key, fingerprint, ref, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		accountID, key.Route, key.Key, key.Fingerprint[:], ref, micros(at))
	return keyUse{}, err
}

// PurgeIdempotencyKeys deletes old keys.
func (s *Store) PurgeIdempotencyKeys(ctx context.Context, before time.Time, limit int) (int, error) {
	var deleted int64
	err := s.w.transact(ctx, func(ctx context.Context, t tx) (err error) {
		deleted, err = t.exec(ctx, `DELETE FROM idempotency WHERE (account_id, route, key) IN
			(SELECT account_id, route, key FROM idempotency
			WHERE created_at < ? ORDER BY created_at LIMIT ?)`, micros(before), limit)
		return err
	})
	return int(deleted), err
}
