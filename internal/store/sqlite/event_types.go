package sqlite

import (
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const eventTypeColumns = "account_id, name, description, archived, created_at, updated_at, json_schema"

// InsertEventType inserts an event type, unless the owner has one of that name,
// or limit of them.
func (s *Store) InsertEventType(ctx context.Context, e *ringback.EventType, limit int) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		if err := mayInsert(ctx, t, "event_types", e.AccountID, e.Name, limit); err != nil {
			return err
		}
		return putEventType(ctx, t, "INSERT", e)
	})
}

// UpdateEventType writes what change left of the event type.
func (s *Store) UpdateEventType(
	ctx context.Context, owner, name string, change func(*ringback.EventType) error,
) (*ringback.EventType, error) {
	var e *ringback.EventType
	err := s.w.transact(ctx, func(ctx context.Context, t tx) (err error) {
		if e, err = eventType(ctx, t, owner, name); err != nil {
			return err
		}
		if err := change(e); err != nil {
			return err
		}
		e.AccountID, e.Name = owner, name
		return putEventType(ctx, t, "REPLACE", e)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// putEventType runs INSERT or REPLACE.
func putEventType(ctx context.Context, t tx, verb string, e *ringback.EventType) error {
	_, err := t.exec(ctx, verb+" INTO event_types ("+eventTypeColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
		e.AccountID, e.Name, e.Description, e.Archived, micros(e.CreatedAt), micros(e.UpdatedAt), blob(e.Schema))
	return err
}

// DeleteEventType deletes an event type.
func (s *Store) DeleteEventType(ctx context.Context, owner, name string) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		n, err := t.exec(ctx, "DELETE FROM event_types WHERE account_id = ? AND name = ?", owner, name)
		if err == nil && n == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

// EventType reads an event type.
func (s *Store) EventType(ctx context.Context, owner, name string) (*ringback.EventType, error) {
	return eventType(ctx, s.r, owner, name)
}

func eventType(ctx context.Context, q querier, owner, name string) (e *ringback.EventType, err error) {
	err = one(ctx, q, func(row scanner) error { e, err = columns.ScanEventType(row); return err },
		"SELECT "+eventTypeColumns+" FROM event_types WHERE account_id = ? AND name = ?", owner, name)
	return e, err
}

// ListEventTypes lists an owner's event types.
func (s *Store) ListEventTypes(
	ctx context.Context, owner string, p store.NamePage, maxBytes int,
) ([]*ringback.EventType, error) {
	size := func(e *ringback.EventType) int { return len(e.Schema) }
	return list(ctx, s.lists, columns.UpTo(maxBytes, size, columns.ScanEventType), "SELECT "+eventTypeColumns+
		" FROM event_types WHERE account_id = ? AND name > ? ORDER BY name LIMIT ?", owner, p.After, p.Limit)
}

// EventTypeStates reads no schemas.
func (s *Store) EventTypeStates(ctx context.Context, owner string) ([]store.EventTypeState, error) {
	scan := func(row scanner) (e store.EventTypeState, err error) {
		var updated int64
		err = row.Scan(&e.Name, &e.Archived, &updated, &e.HasSchema)
		e.UpdatedAt = fromMicros(updated)
		return e, err
	}
	return list(ctx, s.r, scan,
		"SELECT name, archived, updated_at, json_schema IS NOT NULL FROM event_types WHERE account_id = ?", owner)
}
