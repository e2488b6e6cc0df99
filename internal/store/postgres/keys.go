package postgres

import (
	"cmp"
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const keyColumns = "id, account_id, name, scopes, created_at"

var (
	putKey = reference("put key", "INSERT INTO keys ("+keyColumns+`, hash) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET account_id = excluded.account_id, name = excluded.name,
		scopes = excluded.scopes, created_at = excluded.created_at, hash = excluded.hash`)
	selectKeyByHash = reference("select key by hash", "SELECT "+keyColumns+" FROM keys WHERE hash = $1")
	selectKey       = reference("select key", "SELECT "+keyColumns+" FROM keys WHERE id = $1")
	selectKeys      = reference("list keys", "SELECT "+keyColumns+" FROM keys WHERE id < $1 ORDER BY id DESC LIMIT $2")
	selectKeysOf    = reference("list keys of account", "SELECT "+keyColumns+
		" FROM keys WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3")
	deleteKey = reference("delete key", "DELETE FROM keys WHERE id = $1")
)

// InsertKey inserts a key, or replaces the one of that id.
func (s *Store) InsertKey(ctx context.Context, k *ringback.Key, hash [32]byte) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, putKey, k.ID, k.AccountID, k.Name, columns.JoinScopes(k.Scopes),
			columns.Micros(k.CreatedAt), hash[:]); err != nil {
			return err
		}
		return s.tell(t, store.Signal{Kind: store.SignalKeys})
	})
	if isDuplicate(err) {
		return store.ErrExists
	}
	return err
}

// isDuplicate says whether a unique index turned a row down.
func isDuplicate(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23505"
}

// KeyByHash reads the key whose text has the hash.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (*ringback.Key, error) {
	return s.key(ctx, selectKeyByHash, hash[:])
}

// Key reads a key.
func (s *Store) Key(ctx context.Context, id string) (*ringback.Key, error) {
	return s.key(ctx, selectKey, id)
}

func (s *Store) key(ctx context.Context, how *statement, arg any) (k *ringback.Key, err error) {
	err = one(ctx, s.r(), func(row scanner) error { k, err = columns.ScanKey(row); return err }, how, arg)
	return k, err
}

// ListKeys lists the keys of an account, or all with "".
func (s *Store) ListKeys(ctx context.Context, accountID string, p store.Page) ([]*ringback.Key, error) {
	before := cmp.Or(p.Before, columns.AfterEveryID)
	if accountID == "" {
		return list(ctx, s.l(), columns.ScanKey, selectKeys, before, p.Limit)
	}
	return list(ctx, s.l(), columns.ScanKey, selectKeysOf, accountID, before, p.Limit)
}

// DeleteKey deletes a key.
func (s *Store) DeleteKey(ctx context.Context, id string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, deleteKey, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrNotFound
		}
		return s.tell(t, store.Signal{Kind: store.SignalKeys})
	})
}
