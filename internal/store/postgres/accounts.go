package postgres

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

var (
	insertAccount = reference("insert account", "INSERT INTO accounts ("+accountColumns+
		") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
	updateAccount = reference("update account", "UPDATE accounts SET ("+accountColumns+
		") = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WHERE id = $1")
	selectAccount  = reference("select account", "SELECT "+accountColumns+" FROM accounts WHERE id = $1")
	lockAccount    = reference("lock account", "SELECT "+accountColumns+" FROM accounts WHERE id = $1 FOR UPDATE")
	selectAccounts = reference("list accounts", "SELECT "+accountColumns+
		" FROM accounts WHERE id < $1 ORDER BY id DESC LIMIT $2")
)

// InsertAccount inserts an account.
func (s *Store) InsertAccount(ctx context.Context, a *ringback.Account) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		if err := s.putAccount(ctx, t, insertAccount, a); err != nil {
			return err
		}
		return s.tell(t, store.Signal{Kind: store.SignalAccount, AccountID: a.ID})
	})
}

// UpdateAccount writes what change left of the account.
func (s *Store) UpdateAccount(
	ctx context.Context, id string, change func(*ringback.Account) error,
) (*ringback.Account, error) {
	var a *ringback.Account
	err := s.transact(ctx, func(ctx context.Context, t *tx) (err error) {
		if a, err = s.account(ctx, t, lockAccount, id); err != nil {
			return err
		}
		if err := change(a); err != nil {
			return err
		}
		a.ID = id
		if err := s.changed(t, id); err != nil {
			return err
		}
		return s.putAccount(ctx, t, updateAccount, a)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// putAccount runs insertAccount or updateAccount.
func (s *Store) putAccount(ctx context.Context, t *tx, put *statement, a *ringback.Account) error {
	previous, err := s.secret.SealPrevious(a.PreviousSecrets, columns.AccountPreviousAAD(a.ID))
	if err != nil {
		return err
	}
	previousKeys, err := s.secret.SealPrevious(a.PreviousSigningKeys, columns.AccountPreviousKeysAAD(a.ID))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, put, a.ID, a.Name, a.CallbackProfile,
		s.secret.Seal(a.Secret, columns.AccountSecretAAD(a.ID)), previous, a.CallbackSignature,
		s.secret.Seal(a.SigningKey, columns.AccountSigningKeyAAD(a.ID)), previousKeys,
		columns.Micros(a.CreatedAt), columns.Micros(a.UpdatedAt))
	return err
}

// Account reads an account.
func (s *Store) Account(ctx context.Context, id string) (*ringback.Account, error) {
	return s.account(ctx, s.r(), selectAccount, id)
}

func (s *Store) account(ctx context.Context, q querier, how *statement, id string) (a *ringback.Account, err error) {
	err = one(ctx, q, func(row scanner) error { a, err = s.scanAccount(row); return err }, how, id)
	return a, err
}

// ListAccounts lists accounts.
func (s *Store) ListAccounts(ctx context.Context, p store.Page) ([]*ringback.Account, error) {
	return list(ctx, s.l(), s.scanAccount, selectAccounts, cmp.Or(p.Before, columns.AfterEveryID), p.Limit)
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
	if a.Secret, err = s.secret.Open(secret, columns.AccountSecretAAD(a.ID)); err == nil {
		a.PreviousSecrets, err = s.secret.OpenPrevious(previous, columns.AccountPreviousAAD(a.ID))
	}
	if err == nil {
		a.SigningKey, err = s.secret.Open(key, columns.AccountSigningKeyAAD(a.ID))
	}
	if err == nil {
		a.PreviousSigningKeys, err = s.secret.OpenPrevious(previousKeys, columns.AccountPreviousKeysAAD(a.ID))
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: secrets of account %s: %w", a.ID, err)
	}
	a.CreatedAt, a.UpdatedAt = columns.FromMicros(created), columns.FromMicros(updated)
	return &a, nil
}
