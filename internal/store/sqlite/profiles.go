package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const profileColumns = "account_id, name, definition, created_at, updated_at"

// InsertProfile inserts a profile, unless the owner has one of that name, or
// limit of them.
func (s *Store) InsertProfile(ctx context.Context, p *ringback.CustomProfile, limit int) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		if err := mayInsert(ctx, t, "profiles", p.AccountID, p.Name, limit); err != nil {
			return err
		}
		return putProfile(ctx, t, "INSERT", p)
	})
}

// UpdateProfile writes what change left of the profile.
func (s *Store) UpdateProfile(
	ctx context.Context, owner, name string, change func(*ringback.CustomProfile) error,
) (*ringback.CustomProfile, error) {
	var p *ringback.CustomProfile
	err := s.w.transact(ctx, func(ctx context.Context, t tx) (err error) {
		if p, err = profile(ctx, t, owner, name); err != nil {
			return err
		}
		if err := change(p); err != nil {
			return err
		}
		p.AccountID, p.Name = owner, name
		return putProfile(ctx, t, "REPLACE", p)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// putProfile runs INSERT or REPLACE.
func putProfile(ctx context.Context, t tx, verb string, p *ringback.CustomProfile) error {
	definition, err := columns.EncodeProfile(p)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, verb+" INTO profiles ("+profileColumns+") VALUES (?, ?, ?, ?, ?)",
		p.AccountID, p.Name, definition, micros(p.CreatedAt), micros(p.UpdatedAt))
	return err
}

// DeleteProfile deletes a profile.
func (s *Store) DeleteProfile(ctx context.Context, owner, name string) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		n, err := t.exec(ctx, "DELETE FROM profiles WHERE account_id = ? AND name = ?", owner, name)
		if err == nil && n == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

func profile(ctx context.Context, q querier, owner, name string) (p *ringback.CustomProfile, err error) {
	err = one(ctx, q, func(row scanner) error { p, err = columns.ScanProfile(row); return err },
		"SELECT "+profileColumns+" FROM profiles WHERE account_id = ? AND name = ?", owner, name)
	return p, err
}

// ListProfiles lists an owner's profiles.
func (s *Store) ListProfiles(ctx context.Context, owner string) ([]*ringback.CustomProfile, error) {
	return list(ctx, s.r, columns.ScanProfile,
		"SELECT "+profileColumns+" FROM profiles WHERE account_id = ? ORDER BY name", owner)
}

// ProfileUser looks for endpoints first.
func (s *Store) ProfileUser(ctx context.Context, owner, name string) (u store.ProfileUser, err error) {
	ofEndpoints, ofAccounts, whose := "account_id = ?", "id = ?", owner
	if owner == "" {
		const hidden = "NOT EXISTS (SELECT 1 FROM profiles p WHERE p.account_id = %s AND p.name = ?)"
		ofEndpoints, ofAccounts = fmt.Sprintf(hidden, "endpoints.account_id"), fmt.Sprintf(hidden, "accounts.id")
		whose = name
	}
	scan := func(row scanner) error { return row.Scan(&u.AccountID, &u.EndpointID) }
	err = one(ctx, s.lists, scan,
		"SELECT account_id, id FROM endpoints WHERE profile = ? AND "+ofEndpoints+" LIMIT 1", name, whose)
	if errors.Is(err, store.ErrNotFound) {
		err = one(ctx, s.lists, scan,
			"SELECT id, '' FROM accounts WHERE callback_profile = ? AND "+ofAccounts+" LIMIT 1", name, whose)
	}
	return u, err
}
