package engine

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/ringback/ringback/internal/schema"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// catalogued finds an event type as an account sees it, and its owner.
func (e *Engine) catalogued(ctx context.Context, v *view, name string) (t store.EventTypeState, owner *view, err error) {
	if t, ok := v.types[name]; ok {
		return t, v, nil
	}
	operator, err := e.directory.view(ctx, "")
	if err != nil {
		return t, nil, unavailable(err)
	}
	if t, ok := operator.types[name]; ok {
		return t, operator, nil
	}
	return t, nil, nil
}

// checkPublished says whether an event may be published: its type, if it is in
// the catalogue, must not be archived, and its data must match the schema. The
// events of finished jobs are never checked: what happened has happened.
func (e *Engine) checkPublished(ctx context.Context, v *view, name string, data json.RawMessage, budget *schema.Budget) error {
	t, owner, err := e.catalogued(ctx, v, name)
	switch {
	case err != nil || owner == nil:
		return err
	case t.Archived:
		return archived("type", name)
	case !t.HasSchema:
		return nil
	}
	key := schemaKey{name: name, updatedAt: t.UpdatedAt}
	if owner.account != nil {
		key.owner = owner.account.ID
		owner.checking.Lock()
		defer owner.checking.Unlock()
	}
	compiled, err := e.schemas.get(ctx, key)
	if err != nil || compiled == nil {
		return err
	}
	if data == nil {
		data = json.RawMessage("{}")
	}
	if m, ok := errors.AsType[*schema.Mismatch](compiled.Check(data, budget)); ok {
		return &ringback.Error{Code: ringback.CodeSchemaMismatch, Field: "data" + m.Place, Message: m.Reason}
	}
	return nil
}

// checkJobEvents refuses a job that names archived event types for its outcome.
func (e *Engine) checkJobEvents(ctx context.Context, v *view, types ringback.JobEventTypes) error {
	for _, named := range []struct{ field, name string }{
		{"events.succeeded", types.Succeeded}, {"events.failed", types.Failed}, {"events.canceled", types.Canceled},
	} {
		if named.name == "" {
			continue
		}
		t, _, err := e.catalogued(ctx, v, named.name)
		if err != nil {
			return err
		}
		if t.Archived {
			return archived(named.field, named.name)
		}
	}
	return nil
}

func archived(field, name string) error {
	return &ringback.Error{
		Code: ringback.CodeArchivedEventType, Field: field,
		Message: "the event type " + name + " is archived, and nothing is published under it any more",
	}
}
