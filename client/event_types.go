package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

const eventTypesPath = "/v1/event-types"

// EventType is an entry of the catalogue of event types.
type EventType struct {
	Name        string          `json:"name"`
	Description string          `json:"description"` // "" = none
	Schema      json.RawMessage `json:"schema"`      // JSON Schema of published data; nil = any
	Archived    bool            `json:"archived"`    // nothing is published under it any more
	Owner       string          `json:"owner"`       // "operator" (it holds for every account) or "account"
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

// CreateEventTypeParams describe an event type. Only Name is needed.
type CreateEventTypeParams struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"` // at most 1,024 bytes
	Schema      any    `json:"schema,omitempty"`      // JSON Schema, an object as encoding/json writes it; nil = any data
	Archived    bool   `json:"archived,omitempty"`
}

// UpdateEventTypeParams change an event type. What is left out stays.
type UpdateEventTypeParams struct {
	Description Optional[string] `json:"description,omitzero"`
	Schema      Optional[any]    `json:"schema,omitzero"` // Null = any data
	Archived    Optional[bool]   `json:"archived,omitzero"`
}

// ImportedEventTypes is what ImportEventTypes made.
type ImportedEventTypes struct {
	Items   []EventType `json:"items"`   // all of the preset, as they are now, by name
	Created int         `json:"created"` // how many are new
}

// CreateEventType adds an event type to the catalogue: of the account or, with
// an operator's key and no account, of the operator, for every account.
func (c *Client) CreateEventType(ctx context.Context, p CreateEventTypeParams) (*EventType, error) {
	return change[EventType](ctx, c, http.MethodPost, eventTypesPath, p)
}

// GetEventType gives the account's own event type or, if it has none of that
// name, the operator's.
func (c *Client) GetEventType(ctx context.Context, name string) (*EventType, error) {
	return get[EventType](ctx, c, under(eventTypesPath, name, ""))
}

// ListEventTypes gives a page of the account's event types and the operator's,
// sorted by name.
func (c *Client) ListEventTypes(ctx context.Context, p Page) (*List[EventType], error) {
	return list[EventType](ctx, c, eventTypesPath, p.query())
}

// AllEventTypes goes through all pages of ListEventTypes.
func (c *Client) AllEventTypes(ctx context.Context, p Page) iter.Seq2[*EventType, error] {
	return all(p, func(page Page) (*List[EventType], error) { return c.ListEventTypes(ctx, page) })
}

// UpdateEventType changes an event type for what is published from then on.
func (c *Client) UpdateEventType(ctx context.Context, name string, p UpdateEventTypeParams) (*EventType, error) {
	return change[EventType](ctx, c, http.MethodPatch, under(eventTypesPath, name, ""), p)
}

// DeleteEventType deletes an event type; its events stay.
func (c *Client) DeleteEventType(ctx context.Context, name string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: under(eventTypesPath, name, "")})
	return err
}

// ImportEventTypes adds those event types of a preset ("inkit", "sharpapi") that
// are not there.
func (c *Client) ImportEventTypes(ctx context.Context, preset string) (*ImportedEventTypes, error) {
	in := struct {
		Preset string `json:"preset"`
	}{preset}
	v := &ImportedEventTypes{}
	_, err := c.do(ctx, call{method: http.MethodPost, path: eventTypesPath + "/import", in: in, out: v, repeatable: true})
	if err != nil {
		return nil, err
	}
	return v, nil
}
