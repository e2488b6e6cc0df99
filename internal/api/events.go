package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// Event is an event as answers show it.
type Event struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	ResourceID string          `json:"resource_id,omitempty" doc:"What it is about, if that was said; of a job's event, the job's"`
	JobID      string          `json:"job_id,omitempty" doc:"The job whose outcome it is"`
	Data       json.RawMessage `json:"data,omitempty" doc:"What was published; of a job's event, the job as the profile standard shows it"`
	CreatedAt  Instant         `json:"created_at"`
}

// EventPublication is the body of publishEvent.
type EventPublication struct {
	Type       string           `json:"type" doc:"[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*, at most 128 characters" example:"document.signed"`
	ResourceID nullable[string] `json:"resource_id,omitzero" minLength:"1" doc:"What it is about, at most 256 bytes"`
	Data       nullable[object] `json:"data,omitzero" doc:"What there is to say: an object"`
}

type publishEventInput struct{ Body EventPublication }

type publishEventOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this Idempotency-Key made the event earlier"`
	Body     Event
}

type getEventInput struct {
	ID string `path:"id" doc:"The event's id or UUID"`
}

type eventOutput struct{ Body Event }

type listEventsInput struct {
	Type       string `query:"type" doc:"Only events of this type"`
	ResourceID string `query:"resource_id" doc:"Only events about this resource"`
	JobID      string `query:"job_id" doc:"Only this job's event; its id or UUID"`
	SpanParams
	PageParams
}

func (a *API) publishEvent(ctx context.Context, in *publishEventInput) (*publishEventOutput, error) {
	c := callOf(ctx)
	key, err := c.idempotencyKey("events")
	if err != nil {
		return nil, err
	}
	event, replayed, err := a.engine.PublishEvent(ctx, c.accountID, engine.PublishEventParams{
		Type: in.Body.Type, ResourceID: in.Body.ResourceID.get(), Data: json.RawMessage(in.Body.Data.get()), Key: key,
	})
	if err != nil {
		return nil, err
	}
	return &publishEventOutput{Replayed: replayedText(replayed), Body: showEvent(&engine.EventWithJob{Event: event})}, nil
}

func (a *API) getEvent(ctx context.Context, in *getEventInput) (*eventOutput, error) {
	event, err := a.engine.Event(ctx, callOf(ctx).accountID, in.ID)
	if err != nil {
		return nil, err
	}
	return &eventOutput{showEvent(event)}, nil
}

func (a *API) listEvents(ctx context.Context, in *listEventsInput) (*listOutput[Event], error) {
	f := engine.EventFilter{Type: in.Type, ResourceID: in.ResourceID, JobID: in.JobID}
	if err := checkType("type", in.Type); err != nil {
		return nil, err
	}
	var err error
	if f.Span, err = in.span(); err != nil {
		return nil, err
	}
	l, err := a.engine.Events(ctx, callOf(ctx).accountID, f, in.paging())
	if err != nil {
		return nil, err
	}
	return show(l, showEvent), nil
}

func showEvent(e *engine.EventWithJob) Event {
	v := Event{
		ID: e.Event.ID, Type: e.Event.Type, ResourceID: e.Event.ResourceID, JobID: e.Event.JobID,
		Data: e.Event.Data, CreatedAt: Instant{e.Event.CreatedAt},
	}
	if e.Job != nil {
		v.ResourceID = resourceOf(e.Job)
		v.Data = body.AppendJob(nil, &body.Subject{Event: e.Event, Job: e.Job, IncludeResult: true})
	}
	return v
}

const (
	exampleEvent = `{"id": "evt_01jzn6v3m8f7q9r2s4t6w8x0z2", "type": "document.signed", "resource_id": "doc_2N0X2g4f3b1JJU75fqzDZs",
		"data": {"signers": 2}, "created_at": "2026-01-02T15:04:05.123456Z"}`
	exampleJobEvent = `{"id": "evt_01jzn6v3m8f7q9r2s4t6w8x0z2", "type": "job.succeeded",
		"resource_id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2", "job_id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2",
		"data": {"id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2", "type": "inspect", "status": "succeeded", "result": {"width": 1920, "height": 1080},
			"resource_id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2", "created_at": "2026-01-02T15:04:05.123Z", "finished_at": "2026-01-02T15:04:09.500Z"},
		"created_at": "2026-01-02T15:04:09.500000Z"}`
)

// textTypes says what the catalogue means for publishing.
const textTypes = "If the type is in the catalogue of event types, it must not be archived, and `data` (`{}` if there is none) must match its schema; other types are taken as they are."

func (a *API) registerEvents() {
	read := []ringback.Scope{ringback.ScopeEventsRead}
	publish := register(a, operation{
		ID: "publishEvent", Method: http.MethodPost, Path: "/v1/events", Tag: "events", Status: http.StatusAccepted,
		Summary: "Publish an event",
		Text: "202 is sent once the event and its deliveries, one for each endpoint that subscribes to its type, are on stable storage. An event that nobody subscribes to is kept, too. " +
			textTypes,
		By: anAccount, Scopes: []ringback.Scope{ringback.ScopeEventsWrite},
		Codes:    []ringback.Code{ringback.CodeIdempotencyMismatch, ringback.CodeArchivedEventType, ringback.CodeSchemaMismatch},
		Headers:  []*huma.Param{idempotencyParam()},
		Request:  `{"type": "document.signed", "resource_id": "doc_2N0X2g4f3b1JJU75fqzDZs", "data": {"signers": 2}}`,
		Response: exampleEvent,
	}, a.publishEvent)
	a.shorten(publish, a.publishUsual)
	register(a, operation{
		ID: "getEvent", Method: http.MethodGet, Path: "/v1/events/{id}", Tag: "events", Status: http.StatusOK,
		Summary: "Look at an event", By: anAccount, Scopes: read, Response: exampleJobEvent,
	}, a.getEvent)
	register(a, operation{
		ID: "listEvents", Method: http.MethodGet, Path: "/v1/events", Tag: "events", Status: http.StatusOK,
		Summary: "List events", Text: "A page ends early where data and results are large.",
		By: anAccount, Scopes: read, Response: `{"items": [` + exampleEvent + `]}`,
	}, a.listEvents)
}
