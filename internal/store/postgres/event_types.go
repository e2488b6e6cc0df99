package postgres

import (
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const eventTypeColumns = "account_id, name, description, archived, created_at, updated_at, json_schema"

var (
	countEventTypes = oneBucket("count event types", `SELECT count(*), count(*) FILTER (WHERE name = $3)
		FROM event_types WHERE bucket = $1 AND account_id = $2`)
	insertEventType = oneBucket("insert event type", "INSERT INTO event_types (bucket, "+eventTypeColumns+
		") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
	updateEventType = oneBucket("update event type", "UPDATE event_types SET ("+eventTypeColumns+
		") = ($2, $3, $4, $5, $6, $7, $8) WHERE bucket = $1 AND account_id = $2 AND name = $3")
	deleteEventType = oneBucket("delete event type",
		"DELETE FROM event_types WHERE bucket = $1 AND account_id = $2 AND name = $3")
	selectEventType = oneBucket("select event type", "SELECT "+eventTypeColumns+
		" FROM event_types WHERE bucket = $1 AND account_id = $2 AND name = $3")
	lockEventType = oneBucket("lock event type", "SELECT "+eventTypeColumns+
		" FROM event_types WHERE bucket = $1 AND account_id = $2 AND name = $3 FOR UPDATE")
	selectEventTypes = oneBucket("list event types", "SELECT "+eventTypeColumns+
		" FROM event_types WHERE bucket = $1 AND account_id = $2 AND name > $3 ORDER BY name LIMIT $4")
	selectEventTypeStates = oneBucket("list states of event types", `SELECT name, archived, updated_at,
		json_schema IS NOT NULL FROM event_types WHERE bucket = $1 AND account_id = $2`)
)

// InsertEventType inserts an event type, unless the owner has one of that name,
// or limit of them.
func (s *Store) InsertEventType(ctx context.Context, e *ringback.EventType, limit int) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		if err := s.mayInsert(ctx, t, countEventTypes, e.AccountID, e.Name, limit); err != nil {
			return err
		}
		return s.putEventType(ctx, t, insertEventType, e)
	})
}

// UpdateEventType writes what change left of the event type.
func (s *Store) UpdateEventType(
	ctx context.Context, owner, name string, change func(*ringback.EventType) error,
) (*ringback.EventType, error) {
	var e *ringback.EventType
	err := s.transact(ctx, func(ctx context.Context, t *tx) (err error) {
		if e, err = eventType(ctx, t, lockEventType, owner, name); err != nil {
			return err
		}
		if err := change(e); err != nil {
			return err
		}
		e.AccountID, e.Name = owner, name
		return s.putEventType(ctx, t, updateEventType, e)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// putEventType runs insertEventType or updateEventType.
func (s *Store) putEventType(ctx context.Context, t *tx, put *statement, e *ringback.EventType) error {
	if _, err := t.exec(ctx, put, bucketOf(e.AccountID), e.AccountID, e.Name, e.Description, e.Archived,
		columns.Micros(e.CreatedAt), columns.Micros(e.UpdatedAt), []byte(e.Schema)); err != nil {
		return err
	}
	return s.tell(t, store.Signal{Kind: store.SignalAccount, AccountID: e.AccountID})
}

// DeleteEventType deletes an event type.
func (s *Store) DeleteEventType(ctx context.Context, owner, name string) error {
	return s.deleteOwned(ctx, deleteEventType, owner, name)
}

// EventType reads an event type.
func (s *Store) EventType(ctx context.Context, owner, name string) (*ringback.EventType, error) {
	return eventType(ctx, s.r(), selectEventType, owner, name)
}

func eventType(
	ctx context.Context, q querier, how *statement, owner, name string,
) (e *ringback.EventType, err error) {
	err = one(ctx, q, func(row scanner) error { e, err = columns.ScanEventType(row); return err },
		how, bucketOf(owner), owner, name)
	return e, err
}

// ListEventTypes lists an owner's event types.
func (s *Store) ListEventTypes(
	ctx context.Context, owner string, p store.NamePage, maxBytes int,
) ([]*ringback.EventType, error) {
	size := func(e *ringback.EventType) int { return len(e.Schema) }
	return list(ctx, s.l(), columns.UpTo(maxBytes, size, columns.ScanEventType), selectEventTypes,
		bucketOf(owner), owner, p.After, p.Limit)
}

// EventTypeStates reads no schemas.
func (s *Store) EventTypeStates(ctx context.Context, owner string) ([]store.EventTypeState, error) {
	scan := func(row scanner) (e store.EventTypeState, err error) {
		var updated int64
		err = row.Scan(&e.Name, &e.Archived, &updated, &e.HasSchema)
		e.UpdatedAt = columns.FromMicros(updated)
		return e, err
	}
	return list(ctx, s.r(), scan, selectEventTypeStates, bucketOf(owner), owner)
}
