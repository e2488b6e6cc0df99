package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const profileColumns = "account_id, name, definition, created_at, updated_at"

// profileDefinition is what a profile's owner chose.
type profileDefinition struct {
	Shape         string  `json:"shape"`
	Header        string  `json:"header"`
	Algorithm     string  `json:"algorithm"`
	Encoding      string  `json:"encoding"`
	Prefix        string  `json:"prefix"`
	Content       string  `json:"content"`
	IncludeResult bool    `json:"include_result"`
	RetrySchedule []int64 `json:"retry_schedule"` // microseconds; null = the default
	UserAgent     string  `json:"user_agent"`
}

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
	d := profileDefinition{
		Shape: p.Shape, Header: p.Header, Algorithm: p.Algorithm, Encoding: p.Encoding, Prefix: p.Prefix,
		Content: p.Content, IncludeResult: p.IncludeResult, UserAgent: p.UserAgent,
		RetrySchedule: columns.ScheduleMicros(p.RetrySchedule),
	}
	definition, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, verb+" INTO profiles ("+profileColumns+") VALUES (?, ?, ?, ?, ?)",
		p.AccountID, p.Name, string(definition), micros(p.CreatedAt), micros(p.UpdatedAt))
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
	err = one(ctx, q, func(row scanner) error { p, err = scanProfile(row); return err },
		"SELECT "+profileColumns+" FROM profiles WHERE account_id = ? AND name = ?", owner, name)
	return p, err
}

// ListProfiles lists an owner's profiles.
func (s *Store) ListProfiles(ctx context.Context, owner string) ([]*ringback.CustomProfile, error) {
	return list(ctx, s.r, scanProfile,
		"SELECT "+profileColumns+" FROM profiles WHERE account_id = ? ORDER BY name", owner)
}

func scanProfile(row scanner) (*ringback.CustomProfile, error) {
	var p ringback.CustomProfile
	var definition []byte
	var created, updated int64
	if err := row.Scan(&p.AccountID, &p.Name, &definition, &created, &updated); err != nil {
		return nil, err
	}
	var d profileDefinition
	if err := json.Unmarshal(definition, &d); err != nil {
		return nil, fmt.Errorf("sqlite: reading profile %s of %q: %w", p.Name, p.AccountID, err)
	}
	p.Shape, p.Header, p.Algorithm, p.Encoding, p.Prefix = d.Shape, d.Header, d.Algorithm, d.Encoding, d.Prefix
	p.Content, p.IncludeResult, p.UserAgent = d.Content, d.IncludeResult, d.UserAgent
	p.RetrySchedule = columns.ScheduleOf(d.RetrySchedule)
	p.CreatedAt, p.UpdatedAt = fromMicros(created), fromMicros(updated)
	return &p, nil
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
