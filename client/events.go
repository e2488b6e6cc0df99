package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"

	"github.com/ringback/ringback/ringback"
)

const eventsPath = "/v1/events"

// Event is an event as the API shows it.
type Event struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	ResourceID string          `json:"resource_id"` // what it is about, or ""
	JobID      string          `json:"job_id"`      // the job whose outcome it is, or ""
	Data       json.RawMessage `json:"data"`        // what was published, or nil; of a job's event, the job
	CreatedAt  time.Time       `json:"created_at"`

	// Replayed says that PublishEvent's Idempotency-Key had made this event
	// before: in an earlier call, or in a try whose answer was lost.
	Replayed bool `json:"-"`
}

// PublishEventParams is an event to be published. Only Type is needed.
type PublishEventParams struct {
	Type       string `json:"type"`
	ResourceID string `json:"resource_id,omitempty"`
	Data       any    `json:"data,omitempty"` // an object, as encoding/json writes it

	// IdempotencyKey names this event, 1–255 visible ASCII characters: for 24
	// hours the same one makes no second event. "" = a random one, which covers
	// the retries of this call.
	IdempotencyKey string `json:"-"`
}

// PublishEvent publishes an event. It and its deliveries are on stable storage
// when PublishEvent returns.
func (c *Client) PublishEvent(ctx context.Context, p PublishEventParams) (*Event, error) {
	e := &Event{}
	header, err := c.do(ctx, call{
		method: http.MethodPost, path: eventsPath, header: idempotency(p.IdempotencyKey), in: p, out: e, repeatable: true,
	})
	if err != nil {
		return nil, err
	}
	e.Replayed = replayed(header)
	return e, nil
}

// PublishEventsParams are events to be published together: 1 to 1,000, each at
// most 256 KiB of JSON, 8 MiB in all.
type PublishEventsParams struct {
	Events []PublishEventParams `json:"events"` // without IdempotencyKeys of their own

	// IdempotencyKey names the whole batch, as in PublishEventParams.
	IdempotencyKey string `json:"-"`
}

// EventResult is what became of one event of a batch.
type EventResult struct {
	ID    string      `json:"id"`    // "" if it was not published
	Error *EventError `json:"error"` // nil if it was
}

// EventError says why one event of a batch was not published.
type EventError struct {
	Code    ringback.Code `json:"code"`
	Message string        `json:"message"`
	Field   string        `json:"field"` // the member of the event at fault, or ""
}

// Error gives field and message.
func (e *EventError) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

// PublishEvents publishes many events, each for itself, and gives their results
// in the same order; one that cannot be published fails none of the others. If
// the call itself fails, calling again with the same IdempotencyKey publishes the
// rest and makes nothing twice.
func (c *Client) PublishEvents(ctx context.Context, p PublishEventsParams) ([]EventResult, error) {
	var out struct {
		Results []EventResult `json:"results"`
	}
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: eventsPath + "/batch", header: idempotency(p.IdempotencyKey), in: p, out: &out, repeatable: true,
	})
	return out.Results, err
}

// GetEvent gives an event by its id or UUID.
func (c *Client) GetEvent(ctx context.Context, id string) (*Event, error) {
	return get[Event](ctx, c, under(eventsPath, id, ""))
}

// ListEventsParams choose events; what is empty chooses all.
type ListEventsParams struct {
	Type       string
	ResourceID string
	JobID      string // id or UUID
	Span
	Page
}

// ListEvents gives a page of events, the newest first.
func (c *Client) ListEvents(ctx context.Context, p ListEventsParams) (*List[Event], error) {
	return list[Event](ctx, c, eventsPath,
		[]string{"type", p.Type, "resource_id", p.ResourceID, "job_id", p.JobID}, p.Span.query(), p.Page.query())
}

// AllEvents goes through all pages of ListEvents.
func (c *Client) AllEvents(ctx context.Context, p ListEventsParams) iter.Seq2[*Event, error] {
	return all(p.Page, func(page Page) (*List[Event], error) {
		p.Page = page
		return c.ListEvents(ctx, p)
	})
}

// Resource is what is known about a resource id.
type Resource struct {
	ResourceID string  `json:"resource_id"`
	Job        *Job    `json:"job"`    // the newest job about it, or nil
	Events     []Event `json:"events"` // the newest 50 about it, the newest first
}

// GetResource gives what is known about a resource id: what receivers fetch
// whose calls name nothing else.
func (c *Client) GetResource(ctx context.Context, resourceID string) (*Resource, error) {
	return get[Resource](ctx, c, under("/v1/resources", resourceID, ""))
}

// get gets one thing.
func get[T any](ctx context.Context, c *Client, path string) (*T, error) {
	v := new(T)
	if _, err := c.do(ctx, call{method: http.MethodGet, path: path, out: v, repeatable: true}); err != nil {
		return nil, err
	}
	return v, nil
}

// change makes a call that is never repeated, and gives its answer.
func change[T any](ctx context.Context, c *Client, method, path string, in any) (*T, error) {
	v := new(T)
	if _, err := c.do(ctx, call{method: method, path: path, in: in, out: v}); err != nil {
		return nil, err
	}
	return v, nil
}
