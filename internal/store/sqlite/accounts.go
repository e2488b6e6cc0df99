package sqlite

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

const accountColumns = "id, name, callback_profile, secret, created_at, updated_at"

// InsertAccount inserts an account.
func (s *Store) InsertAccount(ctx context.Context, a *ringback.Account) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		_, err := t.exec(ctx, "INSERT INTO accounts ("+accountColumns+") VALUES (?, ?, ?, ?, ?, ?)",
			a.ID, a.Name, a.CallbackProfile, s.seal(a.Secret, accountSecretAAD(a.ID)),
			micros(a.CreatedAt), micros(a.UpdatedAt))
		return err
	})
}

// UpdateAccount writes what change left of the account.
func (s *Store) UpdateAccount(
	ctx context.Context, id string, change func(*ringback.Account) error,
) (*ringback.Account, error) {
	var a *ringback.Account
	err := s.w.transact(ctx, func(ctx context.Context, t tx) (err error) {
		if a, err = s.account(ctx, t, id); err != nil {
			return err
		}
		if err := change(a); err != nil {
			return err
		}
		a.ID = id
		_, err = t.exec(ctx, `UPDATE accounts SET name = ?, callback_profile = ?, secret = ?,
			created_at = ?, updated_at = ? WHERE id = ?`,
			a.Name, a.CallbackProfile, s.seal(a.Secret, accountSecretAAD(id)),
			micros(a.CreatedAt), micros(a.UpdatedAt), id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Account reads an account.
func (s *Store) Account(ctx context.Context, id string) (*ringback.Account, error) {
	return s.account(ctx, s.r, id)
}

func (s *Store) account(ctx context.Context, q querier, id string) (a *ringback.Account, err error) {
	err = one(ctx, q, func(row scanner) error { a, err = s.scanAccount(row); return err },
		"SELECT "+accountColumns+" FROM accounts WHERE id = ?", id)
	return a, err
}

// ListAccounts lists accounts.
func (s *Store) ListAccounts(ctx context.Context, p store.Page) ([]*ringback.Account, error) {
	return list(ctx, s.lists, s.scanAccount,
		"SELECT "+accountColumns+" FROM accounts WHERE id < ? ORDER BY id DESC LIMIT ?",
		cmp.Or(p.Before, afterEveryID), p.Limit)
}

func (s *Store) scanAccount(row scanner) (*ringback.Account, error) {
	var a ringback.Account
	var secret []byte
	var created, updated int64
	if err := row.Scan(&a.ID, &a.Name, &a.CallbackProfile, &secret, &created, &updated); err != nil {
		return nil, err
	}
	var err error
	if a.Secret, err = s.unseal(secret, accountSecretAAD(a.ID)); err != nil {
		return nil, fmt.Errorf("sqlite: secret of account %s: %w", a.ID, err)
	}
	a.CreatedAt, a.UpdatedAt = fromMicros(created), fromMicros(updated)
	return &a, nil
}
