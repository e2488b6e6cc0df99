package engine

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/tracing"
	"github.com/ringback/ringback/ringback"
)

// testData is what a test call says.
var testData = json.RawMessage(`{"test":true,"message":"This is a test call. Nothing has happened."}`)

// testResource is what a test call is about.
const testResource = "test"

// TestEndpoint makes an event for one endpoint alone, and delivers it as any
// other, but with one attempt and no retries. An eventType "" stands for one
// that the endpoint subscribes to.
func (e *Engine) TestEndpoint(ctx context.Context, accountID, id, eventType string) (*ringback.Delivery, error) {
	var deliveryID string
	err := e.replan(ctx, accountID, func(v *view) (err error) {
		deliveryID, err = e.testEndpoint(ctx, v, id, eventType)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e.delivery(ctx, accountID, deliveryID)
}

func (e *Engine) testEndpoint(ctx context.Context, v *view, id, eventType string) (deliveryID string, err error) {
	ep, err := v.enabled(id)
	if err != nil {
		return "", err
	}
	if eventType == "" {
		eventType = sampleType(ep.EventTypes)
	}
	if err := checkEventType("event_type", eventType); err != nil {
		return "", err
	}
	at := e.now()
	ev := &ringback.Event{
		ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: v.account.ID, Type: eventType, ResourceID: testResource,
		Data: testData, OnlyEndpoint: ep.ID, TraceParent: tracing.Of(ctx), CreatedAt: at,
	}
	p := &plan{event: ev, view: v}
	p.add(ev, nil, ep.ID, ep.URL, ep.Profile, ep.RateLimit > 0)
	p.claimed[0].Delivery.Step = ringback.NoMoreSteps
	e.reserve(p)
	op := p.publish(nil)
	if err := e.commitPlan(p, op, func() bool { return op.Err == nil }); err != nil {
		return "", err
	}
	return op.Deliveries[0].ID, op.Err
}

// enabled gives an endpoint that calls may be made to.
func (v *view) enabled(id string) (*endpointView, error) {
	ep := v.byID[id]
	if ep == nil {
		return nil, ringback.NotFound("endpoint", shorten(id))
	}
	if !ep.Enabled {
		return nil, ringback.Errorf(ringback.CodeEndpointDisabled,
			"nothing is sent to the endpoint %s: it is disabled (%s); enable it first", id, ep.DisabledReason)
	}
	return ep, nil
}

// sampleType gives an event type that one of the patterns covers, an exact one
// if there is any.
func sampleType(patterns []string) string {
	for _, p := range patterns {
		if ringback.ValidEventType(p) {
			return p
		}
	}
	for _, p := range patterns {
		if p == "job.*" {
			return ringback.EventJobSucceeded
		}
		if prefix, ok := strings.CutSuffix(p, ".*"); ok && len(prefix) <= ringback.MaxEventType-len(".test") {
			return prefix + ".test"
		}
	}
	return "ringback.test"
}

// WaitDelivery gives a delivery with its attempts once it is no longer pending,
// or as it is when the wait is over.
func (e *Engine) WaitDelivery(ctx context.Context, accountID, id string, wait time.Duration) (*ringback.Delivery, []ringback.Attempt, error) {
	var d *ringback.Delivery
	var attempts []ringback.Attempt
	err := e.untilFinal(ctx, id, wait, func() (bool, error) {
		got, made, err := e.Delivery(ctx, accountID, id)
		if err != nil {
			return false, err
		}
		d, attempts = got, made
		return d.Status != ringback.DeliveryPending, nil
	})
	return d, attempts, err
}
