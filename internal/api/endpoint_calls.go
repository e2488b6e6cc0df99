package api

import (
	"context"
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// EndpointTest is the body of testEndpoint.
type EndpointTest struct {
	EventType nullable[string] `json:"event_type,omitzero" minLength:"1" doc:"The type of the sample; one that the endpoint subscribes to if left out"`
}

// EndpointRecovery is the body of recoverEndpoint.
type EndpointRecovery struct {
	Since  time.Time           `json:"since" doc:"Only events that were made at this time or later"`
	Until  nullable[time.Time] `json:"until,omitzero" doc:"Only events that were made before this time; now if left out"`
	Cursor nullable[string]    `json:"cursor,omitzero" doc:"next_cursor of the call before, with the same since and until"`
}

// Recovery is what one call of recoverEndpoint did.
type Recovery struct {
	Recovered  int    `json:"recovered" doc:"How many events the endpoint gets by this call"`
	Examined   int    `json:"examined" doc:"How many events this call looked at"`
	NextCursor string `json:"next_cursor,omitempty" doc:"There is more to look at: call again with this as cursor; absent at the end"`
}

type testEndpointInput struct {
	ID   string `path:"id"`
	Wait int    `query:"wait" minimum:"0" maximum:"60" doc:"Seconds to wait for the outcome before answering"`
	Body EndpointTest
}

type testEndpointOutput struct {
	Status int
	Body   DeliveryWithAttempts
}

type recoverEndpointInput struct {
	ID   string `path:"id"`
	Body EndpointRecovery
}

type recoverEndpointOutput struct{ Body Recovery }

func (a *API) testEndpoint(ctx context.Context, in *testEndpointInput) (*testEndpointOutput, error) {
	accountID := callOf(ctx).accountID
	d, err := a.engine.TestEndpoint(ctx, accountID, in.ID, in.Body.EventType.get())
	if err != nil {
		return nil, err
	}
	out := &testEndpointOutput{Status: http.StatusAccepted, Body: showWithAttempts(d, nil)}
	// The call is made, whatever becomes of the waiting.
	if waited, attempts, err := a.engine.WaitDelivery(ctx, accountID, d.ID, ofSeconds(in.Wait)); err == nil {
		out.Body = showWithAttempts(waited, attempts)
	}
	if out.Body.Status != ringback.DeliveryPending {
		out.Status = http.StatusOK
	}
	return out, nil
}

func (a *API) recoverEndpoint(ctx context.Context, in *recoverEndpointInput) (*recoverEndpointOutput, error) {
	p := engine.RecoverEndpointParams{Since: in.Body.Since.UTC(), Cursor: in.Body.Cursor.get()}
	if err := checkTime("since", p.Since); err != nil {
		return nil, err
	}
	if in.Body.Until.given() {
		p.Until = in.Body.Until.get().UTC()
		if err := checkTime("until", p.Until); err != nil {
			return nil, err
		}
	}
	r, err := a.engine.RecoverEndpoint(ctx, callOf(ctx).accountID, in.ID, p)
	if err != nil {
		return nil, err
	}
	return &recoverEndpointOutput{Recovery{Recovered: r.Recovered, Examined: r.Examined, NextCursor: r.Next}}, nil
}

func (a *API) registerEndpointCalls() {
	register(a, operation{
		ID: "testEndpoint", Method: http.MethodPost, Path: "/v1/endpoints/{id}/test", Tag: "endpoints", Status: http.StatusAccepted,
		Summary: "Send a sample to an endpoint",
		Text: "A sample event, with data that says so, is delivered to this endpoint alone, signed as any other, in one attempt without retries. " +
			"200 is answered if it ended within `wait` seconds, with the attempt; else 202.",
		By: anAccount, Scopes: []ringback.Scope{ringback.ScopeEndpointsWrite}, Codes: []ringback.Code{ringback.CodeEndpointDisabled},
		OptionalBody: true, Request: `{"event_type": "document.signed"}`, Response: exampleDeliveryWithAttempts,
	}, a.testEndpoint)
	a.alsoAnswers("/v1/endpoints/{id}/test", http.StatusAccepted, http.StatusOK)
	register(a, operation{
		ID: "recoverEndpoint", Method: http.MethodPost, Path: "/v1/endpoints/{id}/recover", Tag: "endpoints", Status: http.StatusOK,
		Summary: "Send an endpoint what it did not get",
		Text: "Of the events since then that the endpoint subscribes to, it gets those whose delivery failed or was canceled, and those that it missed, since it was disabled or not there yet: " +
			"at once, with a fresh retry schedule and the same `webhook-id`. What is pending or was delivered stays as it is. One call works for about five seconds; as long as the answer has a `next_cursor`, call again with it.",
		By: anAccount, Scopes: []ringback.Scope{ringback.ScopeDeliveriesWrite}, Codes: []ringback.Code{ringback.CodeEndpointDisabled},
		Request: `{"since": "2026-01-02T00:00:00Z"}`, Response: `{"recovered": 42, "examined": 1234}`,
	}, a.recoverEndpoint)
}
