package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

const (
	maxBatchBody = 8 << 20
	maxBatch     = 1000      // events
	maxBatched   = 256 << 10 // bytes of JSON of one event
)

// EventBatch is the body of publishEvents.
type EventBatch struct {
	Events publications `json:"events" doc:"1 to 1,000 events, each at most 256 KiB of JSON"`
}

// publications are EventPublications that have not been looked at yet: what is
// wrong with one of them is that one's own result.
type publications []json.RawMessage

// Schema is that of a list of EventPublications.
func (publications) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: r.Schema(reflect.TypeFor[EventPublication](), true, "")}
}

// EventResults is the answer of publishEvents.
type EventResults struct {
	Results []EventResult `json:"results" doc:"One for each event, in their order"`
}

// EventResult is what became of one event: it has an id, or an error.
type EventResult struct {
	ID    string      `json:"id,omitempty" doc:"The event's id"`
	Error *EventError `json:"error,omitempty" doc:"Why it was not published"`
}

// EventError says why one event of a batch was not published.
type EventError struct {
	Code    ringback.Code `json:"code" doc:"As in problems" example:"schema_mismatch"`
	Message string        `json:"message"`
	Field   string        `json:"field,omitempty" doc:"The member of the event at fault" example:"data/signers"`
}

type publishEventsInput struct{ Body EventBatch }

type publishEventsOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this Idempotency-Key made all of the events earlier"`
	Body     EventResults
}

func (a *API) publishEvents(ctx context.Context, in *publishEventsInput) (*publishEventsOutput, error) {
	c := callOf(ctx)
	key, err := c.idempotencyKey("events/batch")
	if err != nil {
		return nil, err
	}
	if n := len(in.Body.Events); n < 1 || n > maxBatch {
		return nil, ringback.Invalid("events", "there are %d events; 1 to %d are possible", n, maxBatch)
	}
	events := make([]engine.Publication, len(in.Body.Events))
	for i, raw := range in.Body.Events {
		events[i] = a.readPublication(raw)
	}
	results, err := a.engine.PublishEvents(ctx, c.accountID, events, key)
	if err != nil {
		return nil, err
	}
	return a.showResults(ctx, results, key), nil
}

// readPublication reads one event, as the framework would read the body of
// publishEvent.
func (a *API) readPublication(raw json.RawMessage) engine.Publication {
	failed := func(err error) engine.Publication { return engine.Publication{Err: err} }
	if len(raw) > maxBatched {
		return failed(ringback.Errorf(ringback.CodeBodyTooLarge, "the event has %d bytes; at most %d are allowed", len(raw), maxBatched))
	}
	if !bytes.HasPrefix(raw, []byte("{")) {
		return failed(ringback.Errorf(ringback.CodeInvalid, "the event is no object"))
	}
	var tree any
	if err := decode(raw, &tree); err != nil {
		return failed(err)
	}
	schemas, found := a.OpenAPI().Components.Schemas, &huma.ValidateResult{}
	path := huma.NewPathBuffer(nil, 0)
	huma.Validate(schemas, schemas.Schema(reflect.TypeFor[EventPublication](), true, ""), path, huma.ModeWriteToServer, tree, found)
	var p EventPublication
	if len(found.Errors) == 0 {
		if err := decode(raw, &p); err != nil {
			return failed(err)
		}
		path.Push("resource_id")
		found.Errors = append(found.Errors, p.ResourceID.Resolve(nil, path)...)
		path.Pop()
		path.Push("data")
		found.Errors = append(found.Errors, p.Data.Resolve(nil, path)...)
	}
	if len(found.Errors) > 0 {
		return failed(validationProblem(http.StatusUnprocessableEntity, "", found.Errors...))
	}
	return engine.Publication{PublishEventParams: engine.PublishEventParams{
		Type: p.Type, ResourceID: p.ResourceID.get(), Data: json.RawMessage(p.Data.get()),
	}}
}

func (a *API) showResults(ctx context.Context, results []engine.Published, key *store.IdempotencyKey) *publishEventsOutput {
	out := &publishEventsOutput{Body: EventResults{Results: make([]EventResult, len(results))}}
	replayed := key != nil
	for i, r := range results {
		shown := &out.Body.Results[i]
		if r.Err == nil {
			shown.ID = r.ID
			replayed = replayed && r.Replayed
			continue
		}
		replayed = false
		p := a.problem(ctx, "publishEvents", r.Err)
		shown.Error = &EventError{Code: p.Code, Message: p.Detail, Field: p.Field}
		if e, ok := errors.AsType[*ringback.Error](r.Err); ok && p.Code != ringback.CodeInternal {
			shown.Error.Message = limit(e.Message, maxDetail)
		}
	}
	out.Replayed = replayedText(replayed)
	return out
}

func (a *API) registerBatch() {
	register(a, operation{
		ID: "publishEvents", Method: http.MethodPost, Path: "/v1/events/batch", Tag: "events", Status: http.StatusAccepted,
		Summary: "Publish many events",
		Text: "Each is published for itself, as publishEvent does it, and has its own result: one that cannot be published fails none of the others; only a body that is no JSON (duplicate members, invalid UTF-8) is refused as a whole. " +
			"202 is sent once those that have an id are on stable storage. The body may have 8 MiB. " +
			"With an `Idempotency-Key`, which is that of the whole batch, repeating it gives the same ids and makes nothing twice; " +
			"what an earlier call was cut off before is published then. 503 is sent only if nothing was published. " + textTypes,
		By: anAccount, Scopes: []ringback.Scope{ringback.ScopeEventsWrite},
		Codes:   []ringback.Code{ringback.CodeIdempotencyMismatch},
		Headers: []*huma.Param{idempotencyParam()},
		MaxBody: maxBatchBody,
		Request: `{"events": [{"type": "document.signed", "data": {"signers": 2}}, {"type": "document.signed", "data": {"signers": "two"}}]}`,
		Response: `{"results": [{"id": "evt_01jzn6v3m8f7q9r2s4t6w8x0z2"},
			{"error": {"code": "schema_mismatch", "message": "it is of the type string, not integer", "field": "data/signers"}}]}`,
	}, a.publishEvents)
}
