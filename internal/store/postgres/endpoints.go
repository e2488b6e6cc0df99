package postgres

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

const (
	endpointColumns = `account_id, id, name, url, event_types, profile, secret, previous_secrets,
		include_result, enabled, disabled_reason, disabled_at, headers, retry_schedule, timeout, rate_limit,
		failing_since, created_at, updated_at`
	endpointValues = "$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20"
)

var (
	countEndpoints = oneBucket("count endpoints",
		"SELECT count(*) FROM endpoints WHERE bucket = $1 AND account_id = $2")
	insertEndpoint = oneBucket("insert endpoint",
		"INSERT INTO endpoints (bucket, "+endpointColumns+") VALUES ($1, "+endpointValues+")")
	updateEndpoint = oneBucket("update endpoint", "UPDATE endpoints SET ("+endpointColumns+") = ("+endpointValues+
		") WHERE bucket = $1 AND account_id = $2 AND id = $3")
	deleteEndpoint = oneBucket("delete endpoint",
		"DELETE FROM endpoints WHERE bucket = $1 AND account_id = $2 AND id = $3")
	selectEndpoint = oneBucket("select endpoint", "SELECT "+endpointColumns+
		" FROM endpoints WHERE bucket = $1 AND account_id = $2 AND id = $3")
	lockEndpoint = oneBucket("lock endpoint", "SELECT "+endpointColumns+
		" FROM endpoints WHERE bucket = $1 AND account_id = $2 AND id = $3 FOR UPDATE")
	selectEndpoints = oneBucket("list endpoints", "SELECT "+endpointColumns+
		" FROM endpoints WHERE bucket = $1 AND account_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4")
)

// InsertEndpoint inserts an endpoint, unless the account has limit of them. Of
// several that are inserted at once each waits, at the account's revision, for
// those before it.
func (s *Store) InsertEndpoint(ctx context.Context, e *ringback.Endpoint, limit int) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		if err := s.changed(t, e.AccountID); err != nil {
			return err
		}
		var have int
		if err := one(ctx, t, func(row scanner) error { return row.Scan(&have) },
			countEndpoints, bucketOf(e.AccountID), e.AccountID); err != nil {
			return err
		}
		if have >= limit {
			return store.ErrLimit
		}
		return s.putEndpoint(ctx, t, insertEndpoint, e)
	})
}

// UpdateEndpoint writes what change left of the endpoint.
func (s *Store) UpdateEndpoint(
	ctx context.Context, accountID, id string, change func(*ringback.Endpoint) error,
) (*ringback.Endpoint, error) {
	op := &store.ChangeEndpoint{AccountID: accountID, ID: id, Change: change}
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
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

// changeEndpoint locks the endpoint before the account's revision, as all do
// that lock both.
func (s *Store) changeEndpoint(ctx context.Context, t *tx, op *store.ChangeEndpoint) error {
	op.Endpoint, op.Err = nil, nil
	e, err := s.endpoint(ctx, t, lockEndpoint, op.AccountID, op.ID)
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
	if err := s.changed(t, e.AccountID); err != nil {
		return err
	}
	if err := s.putEndpoint(ctx, t, updateEndpoint, e); err != nil {
		return err
	}
	op.Endpoint = e
	t.insertNotice(op.Notice)
	return nil
}

// putEndpoint runs insertEndpoint or updateEndpoint.
func (s *Store) putEndpoint(ctx context.Context, t *tx, put *statement, e *ringback.Endpoint) error {
	types, err := json.Marshal(e.EventTypes)
	if err != nil {
		return err
	}
	headers, err := s.secret.SealHeaders(e.Headers, e.ID)
	if err != nil {
		return err
	}
	schedule, err := columns.EncodeSchedule(e.RetrySchedule)
	if err != nil {
		return err
	}
	previous, err := s.secret.SealPrevious(e.PreviousSecrets, columns.EndpointPreviousAAD(e.ID))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, put, bucketOf(e.AccountID), e.AccountID, e.ID, e.Name, e.URL, string(types), e.Profile,
		s.secret.Seal(e.Secret, columns.EndpointSecretAAD(e.ID)), previous, e.IncludeResult, e.Enabled,
		e.DisabledReason, columns.Micros(e.DisabledAt), headers, schedule, e.Timeout.Microseconds(),
		e.RateLimit, columns.Micros(e.FailingSince), columns.Micros(e.CreatedAt), columns.Micros(e.UpdatedAt))
	return err
}

// DeleteEndpoint deletes an endpoint.
func (s *Store) DeleteEndpoint(ctx context.Context, accountID, id string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, deleteEndpoint, bucketOf(accountID), accountID, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrNotFound
		}
		return s.changed(t, accountID)
	})
}

// Endpoint reads an endpoint.
func (s *Store) Endpoint(ctx context.Context, accountID, id string) (*ringback.Endpoint, error) {
	return s.endpoint(ctx, s.r(), selectEndpoint, accountID, id)
}

func (s *Store) endpoint(
	ctx context.Context, q querier, how *statement, accountID, id string,
) (e *ringback.Endpoint, err error) {
	err = one(ctx, q, func(row scanner) error { e, err = s.scanEndpoint(row); return err },
		how, bucketOf(accountID), accountID, id)
	return e, err
}

// ListEndpoints lists an account's endpoints.
func (s *Store) ListEndpoints(ctx context.Context, accountID string, p store.Page) ([]*ringback.Endpoint, error) {
	return list(ctx, s.r(), s.scanEndpoint, selectEndpoints,
		bucketOf(accountID), accountID, cmp.Or(p.Before, columns.AfterEveryID), p.Limit)
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
		e.Secret, err = s.secret.Open(secret, columns.EndpointSecretAAD(e.ID))
	}
	if err == nil {
		e.PreviousSecrets, err = s.secret.OpenPrevious(previous, columns.EndpointPreviousAAD(e.ID))
	}
	if err == nil {
		e.Headers, err = s.secret.OpenHeaders(headers, e.ID)
	}
	if err == nil {
		e.RetrySchedule, err = columns.DecodeSchedule(schedule)
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: reading endpoint %s: %w", e.ID, err)
	}
	e.Timeout = columns.FromDuration(timeout)
	e.DisabledAt, e.FailingSince = columns.FromMicros(disabled), columns.FromMicros(failing)
	e.CreatedAt, e.UpdatedAt = columns.FromMicros(created), columns.FromMicros(updated)
	return &e, nil
}
