package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const endpointColumns = `account_id, id, name, url, event_types, profile, secret, previous_secrets,
	include_result, enabled, disabled_reason, disabled_at, headers, retry_schedule, timeout, rate_limit, failing_since, created_at, updated_at`

// InsertEndpoint inserts an endpoint, unless the account has max of them.
func (s *Store) InsertEndpoint(ctx context.Context, e *ringback.Endpoint, limit int) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		var have int
		if err := one(ctx, t, func(row scanner) error { return row.Scan(&have) },
			"SELECT count(*) FROM endpoints WHERE account_id = ?", e.AccountID); err != nil {
			return err
		}
		if have >= limit {
			return store.ErrLimit
		}
		s.revisions.changed(e.AccountID)
		return s.putEndpoint(ctx, t, "INSERT", e)
	})
}

// UpdateEndpoint writes what change left of the endpoint.
func (s *Store) UpdateEndpoint(
	ctx context.Context, accountID, id string, change func(*ringback.Endpoint) error,
) (*ringback.Endpoint, error) {
	op := &store.ChangeEndpoint{AccountID: accountID, ID: id, Change: change}
	err := s.w.transact(ctx, func(ctx context.Context, t tx) error {
		if err := s.changeEndpoint(ctx, t, op); err != nil {
			return err
		}
		return op.Err
	})
	if err != nil {
		return nil, err
	}
	return op.Endpoint, nil
}

func (s *Store) changeEndpoint(ctx context.Context, t tx, op *store.ChangeEndpoint) error {
	op.Endpoint, op.Err = nil, nil
	e, err := s.endpoint(ctx, t, op.AccountID, op.ID)
	if errors.Is(err, store.ErrNotFound) {
		op.Err = err
		return nil
	}
	if err != nil {
		return err
	}
	op.Err = op.Change(e)
	if op.Err != nil {
		return nil //nolint:nilerr // a refusal is the operation's outcome, and does not end the transaction
	}
	e.AccountID, e.ID = op.AccountID, op.ID
	s.revisions.changed(e.AccountID)
	if err := s.putEndpoint(ctx, t, "REPLACE", e); err != nil {
		return err
	}
	op.Endpoint = e
	s.insertNotice(op.Notice)
	return nil
}

// putEndpoint runs INSERT or REPLACE.
func (s *Store) putEndpoint(ctx context.Context, t tx, verb string, e *ringback.Endpoint) error {
	types, err := json.Marshal(e.EventTypes)
	if err != nil {
		return err
	}
	headers, err := s.sealHeaders(e)
	if err != nil {
		return err
	}
	schedule, err := columns.EncodeSchedule(e.RetrySchedule)
	if err != nil {
		return err
	}
	previous, err := s.sealPrevious(e.PreviousSecrets, columns.EndpointPreviousAAD(e.ID))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, verb+" INTO endpoints ("+endpointColumns+
		") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		e.AccountID, e.ID, e.Name, e.URL, string(types), e.Profile,
		s.seal(e.Secret, columns.EndpointSecretAAD(e.ID)), previous, e.IncludeResult, e.Enabled,
		e.DisabledReason, micros(e.DisabledAt), headers, schedule, e.Timeout.Microseconds(),
		e.RateLimit, micros(e.FailingSince), micros(e.CreatedAt), micros(e.UpdatedAt))
	return err
}

// DeleteEndpoint deletes an endpoint.
func (s *Store) DeleteEndpoint(ctx context.Context, accountID, id string) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		s.revisions.changed(accountID)
		n, err := t.exec(ctx, "DELETE FROM endpoints WHERE account_id = ? AND id = ?", accountID, id)
		if err == nil && n == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

// Endpoint reads an endpoint.
func (s *Store) Endpoint(ctx context.Context, accountID, id string) (*ringback.Endpoint, error) {
	return s.endpoint(ctx, s.r, accountID, id)
}

func (s *Store) endpoint(ctx context.Context, q querier, accountID, id string) (e *ringback.Endpoint, err error) {
	err = one(ctx, q, func(row scanner) error { e, err = s.scanEndpoint(row); return err },
		"SELECT "+endpointColumns+" FROM endpoints WHERE account_id = ? AND id = ?", accountID, id)
	return e, err
}

// ListEndpoints lists an account's endpoints.
func (s *Store) ListEndpoints(ctx context.Context, accountID string, p store.Page) ([]*ringback.Endpoint, error) {
	return list(ctx, s.r, s.scanEndpoint, "SELECT "+endpointColumns+
		" FROM endpoints WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
		accountID, cmp.Or(p.Before, afterEveryID), p.Limit)
}

func (s *Store) scanEndpoint(row scanner) (*ringback.Endpoint, error) {
	var e ringback.Endpoint
	var types, secret, previous, headers, schedule []byte
	var timeout, disabled, failing, created, updated int64
	if err := row.Scan(&e.AccountID, &e.ID, &e.Name, &e.URL, &types, &e.Profile, &secret,
		&previous, &e.IncludeResult, &e.Enabled, &e.DisabledReason, &disabled, &headers, &schedule,
		&timeout, &e.RateLimit, &failing, &created, &updated); err != nil {
		return nil, err
	}
	err := json.Unmarshal(types, &e.EventTypes)
	if err == nil {
		e.Secret, err = s.unseal(secret, columns.EndpointSecretAAD(e.ID))
	}
	if err == nil {
		e.PreviousSecrets, err = s.unsealPrevious(previous, columns.EndpointPreviousAAD(e.ID))
	}
	if err == nil {
		e.Headers, err = s.unsealHeaders(headers, e.ID)
	}
	if err == nil {
		e.RetrySchedule, err = columns.DecodeSchedule(schedule)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: reading endpoint %s: %w", e.ID, err)
	}
	e.Timeout = fromDuration(timeout)
	e.DisabledAt, e.FailingSince = fromMicros(disabled), fromMicros(failing)
	e.CreatedAt, e.UpdatedAt = fromMicros(created), fromMicros(updated)
	return &e, nil
}

func (s *Store) sealHeaders(e *ringback.Endpoint) (any, error) {
	sealed, err := s.secrets().SealHeaders(e.Headers, e.ID)
	return blob(sealed), err
}

func (s *Store) unsealHeaders(sealed []byte, id string) (map[string]string, error) {
	return s.secrets().OpenHeaders(sealed, id)
}
