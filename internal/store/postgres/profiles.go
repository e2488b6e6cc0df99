package postgres

import (
	"context"
	"errors"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const profileColumns = "account_id, name, definition, created_at, updated_at"

var (
	countProfiles = oneBucket("count profiles", `SELECT count(*), count(*) FILTER (WHERE name = $3)
		FROM profiles WHERE bucket = $1 AND account_id = $2`)
	insertProfile = oneBucket("insert profile",
		"INSERT INTO profiles (bucket, "+profileColumns+") VALUES ($1, $2, $3, $4, $5, $6)")
	updateProfile = oneBucket("update profile", "UPDATE profiles SET ("+profileColumns+
		") = ($2, $3, $4, $5, $6) WHERE bucket = $1 AND account_id = $2 AND name = $3")
	deleteProfile = oneBucket("delete profile",
		"DELETE FROM profiles WHERE bucket = $1 AND account_id = $2 AND name = $3")
	lockProfile = oneBucket("lock profile", "SELECT "+profileColumns+
		" FROM profiles WHERE bucket = $1 AND account_id = $2 AND name = $3 FOR UPDATE")
	selectProfiles = oneBucket("list profiles", "SELECT "+profileColumns+
		" FROM profiles WHERE bucket = $1 AND account_id = $2 ORDER BY name")

	selectProfileUser = oneBucket("select endpoint by profile",
		"SELECT account_id, id FROM endpoints WHERE bucket = $1 AND account_id = $2 AND profile = $3 LIMIT 1")
	selectAccountByProfile = reference("select account by profile",
		"SELECT id, '' FROM accounts WHERE id = $1 AND callback_profile = $2")
	selectAnyProfileUser = operatorWide("select endpoint of any account by profile",
		"an operator's profile is used by any account",
		`SELECT e.account_id, e.id FROM endpoints e LEFT JOIN profiles p
		ON p.bucket = e.bucket AND p.account_id = e.account_id AND p.name = e.profile
		WHERE e.profile = $1 AND p.name IS NULL LIMIT 1`)
	selectAccountsByProfile = reference("list accounts by profile",
		"SELECT id FROM accounts WHERE callback_profile = $1 AND id > $2 ORDER BY id LIMIT $3")
	hasProfile = oneBucket("has profile",
		"SELECT 1 FROM profiles WHERE bucket = $1 AND account_id = $2 AND name = $3")
)

// InsertProfile inserts a profile, unless the owner has one of that name, or
// limit of them.
func (s *Store) InsertProfile(ctx context.Context, p *ringback.CustomProfile, limit int) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		if err := s.mayInsert(ctx, t, countProfiles, p.AccountID, p.Name, limit); err != nil {
			return err
		}
		return s.putProfile(ctx, t, insertProfile, p)
	})
}

// UpdateProfile writes what change left of the profile.
func (s *Store) UpdateProfile(
	ctx context.Context, owner, name string, change func(*ringback.CustomProfile) error,
) (*ringback.CustomProfile, error) {
	var p *ringback.CustomProfile
	err := s.transact(ctx, func(ctx context.Context, t *tx) (err error) {
		if err := one(ctx, t, func(row scanner) error { p, err = columns.ScanProfile(row); return err },
			lockProfile, bucketOf(owner), owner, name); err != nil {
			return err
		}
		if err := change(p); err != nil {
			return err
		}
		p.AccountID, p.Name = owner, name
		return s.putProfile(ctx, t, updateProfile, p)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// putProfile runs insertProfile or updateProfile.
func (s *Store) putProfile(ctx context.Context, t *tx, put *statement, p *ringback.CustomProfile) error {
	definition, err := columns.EncodeProfile(p)
	if err != nil {
		return err
	}
	if _, err = t.exec(ctx, put, bucketOf(p.AccountID), p.AccountID, p.Name, definition,
		columns.Micros(p.CreatedAt), columns.Micros(p.UpdatedAt)); err != nil {
		return err
	}
	return s.tell(t, store.Signal{Kind: store.SignalAccount, AccountID: p.AccountID})
}

// DeleteProfile deletes a profile.
func (s *Store) DeleteProfile(ctx context.Context, owner, name string) error {
	return s.deleteOwned(ctx, deleteProfile, owner, name)
}

// ListProfiles lists an owner's profiles.
func (s *Store) ListProfiles(ctx context.Context, owner string) ([]*ringback.CustomProfile, error) {
	return list(ctx, s.r(), columns.ScanProfile, selectProfiles, bucketOf(owner), owner)
}

// ProfileUser looks for endpoints first.
func (s *Store) ProfileUser(ctx context.Context, owner, name string) (u store.ProfileUser, err error) {
	if owner == "" {
		return s.operatorProfileUser(ctx, name)
	}
	scan := func(row scanner) error { return row.Scan(&u.AccountID, &u.EndpointID) }
	err = one(ctx, s.l(), scan, selectProfileUser, bucketOf(owner), owner, name)
	if errors.Is(err, store.ErrNotFound) {
		err = one(ctx, s.l(), scan, selectAccountByProfile, owner, name)
	}
	return u, err
}

// operatorProfileUser finds who has the operator's profile of a name: nobody who
// has one of its own. Accounts are looked at one by one, because a table that is
// whole on every machine cannot be matched against one that is spread.
func (s *Store) operatorProfileUser(ctx context.Context, name string) (u store.ProfileUser, err error) {
	err = one(ctx, s.l(), func(row scanner) error { return row.Scan(&u.AccountID, &u.EndpointID) },
		selectAnyProfileUser, name)
	if !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	const page = 100
	for after := ""; ; {
		accounts, err := list(ctx, s.l(), scanText, selectAccountsByProfile, name, after, page)
		if err != nil {
			return u, err
		}
		for _, id := range accounts {
			after = id
			err := one(ctx, s.l(), func(scanner) error { return nil },
				hasProfile, bucketOf(id), id, name)
			if errors.Is(err, store.ErrNotFound) {
				return store.ProfileUser{AccountID: id}, nil
			}
			if err != nil {
				return u, err
			}
		}
		if len(accounts) < page {
			return u, store.ErrNotFound
		}
	}
}

func scanText(row scanner) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}
