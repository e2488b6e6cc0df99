package api

import (
	"context"
	"encoding/json"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// EventType is an entry of the catalogue as answers show it.
type EventType struct {
	Name        string          `json:"name"`
	Description string          `json:"description" doc:"\"\" = none"`
	Schema      json.RawMessage `json:"schema,omitempty" doc:"The JSON Schema of data; absent if any data will do"`
	Archived    bool            `json:"archived" doc:"Nothing is published under it any more"`
	Owner       string          `json:"owner" enum:"operator,account" doc:"operator: it holds for every account that has none of its own of the same name"`
	CreatedAt   Instant         `json:"created_at"`
	UpdatedAt   Instant         `json:"updated_at"`
}

// EventTypePage is a page of the catalogue.
type EventTypePage struct {
	Items      []EventType `json:"items" doc:"Sorted by name, byte by byte"`
	NextCursor string      `json:"next_cursor,omitempty" doc:"Give it as cursor to get the next page; absent on the last one"`
}

// EventTypeCreation is the body of createEventType.
type EventTypeCreation struct {
	Name        string           `json:"name" doc:"What events have as type: [A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*, at most 128 characters" example:"document.signed"`
	Description optional[string] `json:"description,omitzero" doc:"For people, at most 1,024 bytes"`
	Schema      nullable[object] `json:"schema,omitzero" doc:"The JSON Schema of data, an object of at most 64 KiB; any data will do if left out"`
	Archived    optional[bool]   `json:"archived,omitzero" doc:"true: nothing may be published under it; false if left out"`
}

// EventTypeChange is the body of updateEventType. What is left out stays.
type EventTypeChange struct {
	Description optional[string] `json:"description,omitzero"`
	Schema      nullable[object] `json:"schema,omitzero" doc:"null = any data will do"`
	Archived    optional[bool]   `json:"archived,omitzero"`
}

// EventTypeImport is the body of importEventTypes.
type EventTypeImport struct {
	Preset string `json:"preset" enum:"inkit,sharpapi" doc:"Which catalogue"`
}

// ImportedEventTypes is what an import made.
type ImportedEventTypes struct {
	Items   []EventType `json:"items" doc:"The preset's event types as they are now, sorted by name"`
	Created int         `json:"created" doc:"How many of them are new"`
}

type createEventTypeInput struct{ Body EventTypeCreation }

type eventTypeInput struct {
	Name string `path:"name"`
}

type updateEventTypeInput struct {
	Name string `path:"name"`
	Body EventTypeChange
}

type importEventTypesInput struct{ Body EventTypeImport }

type eventTypeOutput struct{ Body EventType }

type eventTypePageOutput struct{ Body EventTypePage }

type importEventTypesOutput struct{ Body ImportedEventTypes }

func (a *API) createEventType(ctx context.Context, in *createEventTypeInput) (*eventTypeOutput, error) {
	b := &in.Body
	t, err := a.engine.CreateEventType(ctx, callOf(ctx).accountID, engine.CreateEventTypeParams{
		Name: b.Name, Description: b.Description.get(), Schema: json.RawMessage(b.Schema.get()), Archived: b.Archived.get(),
	})
	if err != nil {
		return nil, err
	}
	return &eventTypeOutput{showEventType(t)}, nil
}

func (a *API) getEventType(ctx context.Context, in *eventTypeInput) (*eventTypeOutput, error) {
	t, err := a.engine.EventType(ctx, callOf(ctx).accountID, in.Name)
	if err != nil {
		return nil, err
	}
	return &eventTypeOutput{showEventType(t)}, nil
}

func (a *API) listEventTypes(ctx context.Context, in *PageParams) (*eventTypePageOutput, error) {
	l, err := a.engine.EventTypes(ctx, callOf(ctx).accountID, in.paging())
	if err != nil {
		return nil, err
	}
	return &eventTypePageOutput{EventTypePage{Items: showEventTypes(l.Items), NextCursor: l.Next}}, nil
}

func (a *API) updateEventType(ctx context.Context, in *updateEventTypeInput) (*eventTypeOutput, error) {
	b := &in.Body
	t, err := a.engine.UpdateEventType(ctx, callOf(ctx).accountID, in.Name, engine.UpdateEventTypeParams{
		Description: b.Description.maybe, Archived: b.Archived.maybe,
		Schema: convert(b.Schema.maybe, func(o object) json.RawMessage { return json.RawMessage(o) }),
	})
	if err != nil {
		return nil, err
	}
	return &eventTypeOutput{showEventType(t)}, nil
}

func (a *API) deleteEventType(ctx context.Context, in *eventTypeInput) (*struct{}, error) {
	return nil, a.engine.DeleteEventType(ctx, callOf(ctx).accountID, in.Name)
}

func (a *API) importEventTypes(ctx context.Context, in *importEventTypesInput) (*importEventTypesOutput, error) {
	all, created, err := a.engine.ImportEventTypes(ctx, callOf(ctx).accountID, in.Body.Preset)
	if err != nil {
		return nil, err
	}
	return &importEventTypesOutput{ImportedEventTypes{Items: showEventTypes(all), Created: created}}, nil
}

func showEventType(t *ringback.EventType) EventType {
	v := EventType{
		Name: t.Name, Description: t.Description, Schema: t.Schema, Archived: t.Archived, Owner: "account",
		CreatedAt: Instant{t.CreatedAt}, UpdatedAt: Instant{t.UpdatedAt},
	}
	if t.OfOperator() {
		v.Owner = "operator"
	}
	return v
}

func showEventTypes(all []*ringback.EventType) []EventType {
	shown := make([]EventType, len(all))
	for i, t := range all {
		shown[i] = showEventType(t)
	}
	return shown
}
