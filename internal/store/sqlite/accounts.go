package sqlite

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const accountColumns = `id, name, callback_profile, secret, previous_secrets, callback_signature, signing_key,
	previous_signing_keys, created_at, updated_at`

// InsertAccount inserts an account.
func (s *Store) InsertAccount(ctx context.Context, a *ringback.Account) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		return s.putAccount(ctx, t, "INSERT", a)
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
		s.revisions.changed(id)
		return s.putAccount(ctx, t, "REPLACE", a)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// putAccount runs INSERT or REPLACE.
func (s *Store) putAccount(ctx context.Context, t tx, verb string, a *ringback.Account) error {
	previous, err := s.sealPrevious(a.PreviousSecrets, columns.AccountPreviousAAD(a.ID))
	if err != nil {
		return err
	}
	previousKeys, err := s.sealPrevious(a.PreviousSigningKeys, columns.AccountPreviousKeysAAD(a.ID))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, verb+" INTO accounts ("+accountColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		a.ID, a.Name, a.CallbackProfile, s.seal(a.Secret, columns.AccountSecretAAD(a.ID)), previous,
		a.CallbackSignature, s.seal(a.SigningKey, columns.AccountSigningKeyAAD(a.ID)), previousKeys,
		micros(a.CreatedAt), micros(a.UpdatedAt))
	return err
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
	var secret, previous, key, previousKeys []byte
	var created, updated int64
	if err := row.Scan(&a.ID, &a.Name, &a.CallbackProfile, &secret, &previous, &a.CallbackSignature, &key,
		&previousKeys, &created, &updated); err != nil {
		return nil, err
	}
	var err error
	if a.Secret, err = s.unseal(secret, columns.AccountSecretAAD(a.ID)); err == nil {
		a.PreviousSecrets, err = s.unsealPrevious(previous, columns.AccountPreviousAAD(a.ID))
	}
	if err == nil {
		a.SigningKey, err = s.unseal(key, columns.AccountSigningKeyAAD(a.ID))
	}
	if err == nil {
		a.PreviousSigningKeys, err = s.unsealPrevious(previousKeys, columns.AccountPreviousKeysAAD(a.ID))
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: secrets of account %s: %w", a.ID, err)
	}
	a.CreatedAt, a.UpdatedAt = fromMicros(created), fromMicros(updated)
	return &a, nil
}
