package sqlite

import (
	"cmp"
	"context"
	"errors"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const keyColumns = "id, account_id, name, scopes, created_at"

// InsertKey inserts a key, or replaces the one of that id.
func (s *Store) InsertKey(ctx context.Context, k *ringback.Key, hash [32]byte) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		err := one(ctx, t, func(scanner) error { return nil },
			"SELECT 1 FROM keys WHERE hash = ? AND id <> ?", hash[:], k.ID)
		if err == nil {
			return store.ErrExists
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err = t.exec(ctx, "INSERT INTO keys ("+keyColumns+`, hash) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET account_id = excluded.account_id, name = excluded.name,
			scopes = excluded.scopes, created_at = excluded.created_at, hash = excluded.hash`,
			k.ID, k.AccountID, k.Name, columns.JoinScopes(k.Scopes), micros(k.CreatedAt), hash[:])
		return err
	})
}

// KeyByHash reads the key whose text has the hash.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (*ringback.Key, error) {
	return s.key(ctx, "SELECT "+keyColumns+" FROM keys WHERE hash = ?", hash[:])
}

// Key reads a key.
func (s *Store) Key(ctx context.Context, id string) (*ringback.Key, error) {
	return s.key(ctx, "SELECT "+keyColumns+" FROM keys WHERE id = ?", id)
}

func (s *Store) key(ctx context.Context, query string, arg any) (k *ringback.Key, err error) {
	err = one(ctx, s.r, func(row scanner) error { k, err = columns.ScanKey(row); return err }, query, arg)
	return k, err
}

// ListKeys lists the keys of an account, or all with "".
func (s *Store) ListKeys(ctx context.Context, accountID string, p store.Page) ([]*ringback.Key, error) {
	before := cmp.Or(p.Before, afterEveryID)
	if accountID == "" {
		return list(ctx, s.lists, columns.ScanKey,
			"SELECT "+keyColumns+" FROM keys WHERE id < ? ORDER BY id DESC LIMIT ?", before, p.Limit)
	}
	return list(ctx, s.lists, columns.ScanKey, "SELECT "+keyColumns+
		" FROM keys WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?", accountID, before, p.Limit)
}

// DeleteKey deletes a key.
func (s *Store) DeleteKey(ctx context.Context, id string) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		n, err := t.exec(ctx, "DELETE FROM keys WHERE id = ?", id)
		if err == nil && n == 0 {
			return store.ErrNotFound
		}
		return err
	})
}
