package engine

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// ImportEventTypes adds the event types of a preset that the owner does not have
// itself; those that it has stay as they are. It gives all of them by name, and
// how many are new.
func (e *Engine) ImportEventTypes(ctx context.Context, owner, name string) (all []*ringback.EventType, created int, err error) {
	types, ok := presets[name]
	if !ok {
		return nil, 0, ringback.Invalid("preset", "%q is no preset; those are %s",
			shorten(name), strings.Join(slices.Sorted(maps.Keys(presets)), ", "))
	}
	defer e.directory.forget(owner)
	if err := e.checkRoom(ctx, owner, types); err != nil {
		return nil, 0, err
	}
	at := e.now()
	for _, p := range types {
		t := &ringback.EventType{AccountID: owner, Name: p.name, Description: p.description, CreatedAt: at, UpdatedAt: at}
		if p.schema != "" {
			t.Schema = json.RawMessage(p.schema)
		}
		switch err := e.store.InsertEventType(ctx, t, ringback.MaxEventTypes); {
		case err == nil:
			created++
		case errors.Is(err, store.ErrExists):
			if t, err = e.store.EventType(ctx, owner, p.name); err != nil {
				return nil, 0, unavailable(err)
			}
		case errors.Is(err, store.ErrLimit):
			return nil, 0, tooManyEventTypes()
		default:
			return nil, 0, unavailable(err)
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *ringback.EventType) int { return strings.Compare(a.Name, b.Name) })
	return all, created, nil
}

// checkRoom refuses an import that would end in the middle.
func (e *Engine) checkRoom(ctx context.Context, owner string, types []preset) error {
	have, err := e.store.EventTypeStates(ctx, owner)
	if err != nil {
		return unavailable(err)
	}
	names := make(map[string]bool, len(have)+len(types))
	for _, t := range have {
		names[t.Name] = true
	}
	for _, p := range types {
		names[p.name] = true
	}
	if len(names) > ringback.MaxEventTypes {
		return tooManyEventTypes()
	}
	return nil
}
