package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/schema"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// CreateEventTypeParams describes a new event type. Schema is in stable form
// (internal/body), or nil for any data.
type CreateEventTypeParams struct {
	Name        string
	Description string
	Schema      json.RawMessage
	Archived    bool
}

// CreateEventType adds an event type to the catalogue of an account or, with the
// owner "", of the operator.
func (e *Engine) CreateEventType(ctx context.Context, owner string, p CreateEventTypeParams) (*ringback.EventType, error) {
	at := e.now()
	t := &ringback.EventType{
		AccountID: owner, Name: p.Name, Description: p.Description, Schema: p.Schema, Archived: p.Archived,
		CreatedAt: at, UpdatedAt: at,
	}
	if err := checkEventType("name", t.Name); err != nil {
		return nil, err
	}
	if err := checkCatalogued(t); err != nil {
		return nil, err
	}
	err := e.store.InsertEventType(ctx, t, ringback.MaxEventTypes)
	e.directory.forget(owner)
	switch {
	case errors.Is(err, store.ErrExists):
		return nil, &ringback.Error{
			Code: ringback.CodeAlreadyExists, Field: "name",
			Message: "there is an event type " + t.Name + " already; change it with PATCH /v1/event-types/" + t.Name,
		}
	case errors.Is(err, store.ErrLimit):
		return nil, tooManyEventTypes()
	case err != nil:
		return nil, unavailable(err)
	}
	return t, nil
}

func tooManyEventTypes() error {
	return ringback.Errorf(ringback.CodeInvalid, "there can be %d event types, and there would be more; delete some first", ringback.MaxEventTypes)
}

// checkCatalogued checks what can be changed of an event type.
func checkCatalogued(t *ringback.EventType) error {
	if err := checkText("description", t.Description, ringback.MaxDescription); err != nil {
		return err
	}
	if t.Schema == nil {
		return nil
	}
	_, err := schema.Compile(t.Schema)
	if e, ok := errors.AsType[*schema.Error](err); ok {
		return ringback.Invalid("schema", "%s", e.Error())
	}
	return err
}

// EventType gives an event type as the owner sees it: its own or, if it has none
// of that name, the operator's.
func (e *Engine) EventType(ctx context.Context, owner, name string) (*ringback.EventType, error) {
	if !ringback.ValidEventType(name) {
		return nil, noEventType(owner, name)
	}
	t, err := e.store.EventType(ctx, owner, name)
	if errors.Is(err, store.ErrNotFound) && owner != "" {
		t, err = e.store.EventType(ctx, "", name)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, noEventType(owner, name)
	}
	return t, unavailable(err)
}

func noEventType(owner, name string) error {
	if owner == "" {
		return ringback.Errorf(ringback.CodeNotFound, "there is no event type %q that holds for every account", shorten(name))
	}
	return ringback.NotFound("event type", shorten(name))
}

// EventTypes lists, by name, the event types that the owner sees.
func (e *Engine) EventTypes(ctx context.Context, owner string, p Paging) (*List[ringback.EventType], error) {
	page, err := p.namePage(ringback.ValidEventType)
	if err != nil {
		return nil, err
	}
	ctx, cancel := listing(ctx)
	defer cancel()
	own, err := e.store.ListEventTypes(ctx, owner, page, maxListBytes)
	if err != nil {
		return nil, listFailed(ctx, err)
	}
	name := func(t *ringback.EventType) string { return t.Name }
	if owner == "" {
		l := list(own, p.Limit, name)
		endEarly(l, schemaBytes(l.Items), name)
		return l, nil
	}
	operators, err := e.store.ListEventTypes(ctx, "", page, maxListBytes)
	if err != nil {
		return nil, listFailed(ctx, err)
	}
	merged, more := merge(own, operators, page.Limit)
	l := list(merged, p.Limit, name)
	if more && l.Next == "" {
		l.Next = cursorAfter(l.Items[len(l.Items)-1].Name)
	}
	return l, nil
}

// merge puts two lists by name together; what is in both is taken of the first.
// It ends where one of the lists ended for its size, or both are too large
// together; more says so.
func merge(own, operators []*ringback.EventType, limit int) (merged []*ringback.EventType, more bool) {
	size := 0
	for len(own)+len(operators) > 0 && len(merged) < limit {
		from := &own
		switch {
		case len(own) == 0:
			from = &operators
		case len(operators) > 0 && operators[0].Name < own[0].Name:
			from = &operators
		case len(operators) > 0 && operators[0].Name == own[0].Name:
			size += len(operators[0].Schema) // which the list's size was of, too
			operators = operators[1:]
		}
		next := (*from)[0]
		*from = (*from)[1:]
		merged = append(merged, next)
		if size += len(next.Schema); size > maxListBytes {
			return merged, true
		}
	}
	return merged, false
}

func schemaBytes(types []*ringback.EventType) (n int) {
	for _, t := range types {
		n += len(t.Schema)
	}
	return n
}

// UpdateEventTypeParams is a change of an event type. It holds for what is
// published from then on.
type UpdateEventTypeParams struct {
	Description Maybe[string]
	Schema      Maybe[json.RawMessage] // null = any data
	Archived    Maybe[bool]
}

// UpdateEventType changes an event type of the owner's own.
func (e *Engine) UpdateEventType(ctx context.Context, owner, name string, p UpdateEventTypeParams) (*ringback.EventType, error) {
	if !ringback.ValidEventType(name) {
		return nil, noEventType(owner, name)
	}
	t, err := e.store.UpdateEventType(ctx, owner, name, func(t *ringback.EventType) error {
		set(&t.Description, p.Description)
		set(&t.Schema, p.Schema)
		set(&t.Archived, p.Archived)
		t.UpdatedAt = later(e.now(), t.UpdatedAt)
		return checkCatalogued(t)
	})
	e.directory.forget(owner)
	if err != nil {
		return nil, e.ownEventType(ctx, owner, name, err)
	}
	return t, nil
}

// later is the present, but after a time in any case: compiled schemas are told apart by
// it.
func later(at, than time.Time) time.Time {
	if at.After(than) {
		return at
	}
	return than.Add(time.Microsecond)
}

// DeleteEventType deletes an event type of the owner's own. Events may still
// have that type.
func (e *Engine) DeleteEventType(ctx context.Context, owner, name string) error {
	if !ringback.ValidEventType(name) {
		return noEventType(owner, name)
	}
	err := e.store.DeleteEventType(ctx, owner, name)
	e.directory.forget(owner)
	if err != nil {
		return e.ownEventType(ctx, owner, name, err)
	}
	return nil
}

// ownEventType says why an event type could not be changed.
func (e *Engine) ownEventType(ctx context.Context, owner, name string, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return unavailable(err)
	}
	if owner == "" {
		return noEventType(owner, name)
	}
	switch _, err := e.store.EventType(ctx, "", name); {
	case err == nil:
		return ringback.Errorf(ringback.CodeOperatorOnly,
			"the event type %s is the operator's and holds for every account; make one of the same name to have your own instead", name)
	case errors.Is(err, store.ErrNotFound):
		return noEventType(owner, name)
	default:
		return unavailable(err)
	}
}
