package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// endpointNotice is the data of events about endpoints. The attempt is the one
// that brought it about.
type endpointNotice struct {
	AccountID    string `json:"account_id"`
	EndpointID   string `json:"endpoint_id"`
	URL          string `json:"url"`
	Reason       string `json:"reason,omitempty"`      // of disabled ones
	DisabledAt   string `json:"disabled_at,omitempty"` // of disabled ones
	FailingSince string `json:"failing_since"`

	attemptNotice
}

// deliveryNotice is the data of events about deliveries.
type deliveryNotice struct {
	AccountID  string `json:"account_id"`
	EndpointID string `json:"endpoint_id,omitempty"` // "" = a callback
	URL        string `json:"url"`

	attemptNotice
}

// attemptNotice tells of a delivery and its last attempt.
type attemptNotice struct {
	DeliveryID   string `json:"delivery_id"`
	EventID      string `json:"event_id"`
	EventType    string `json:"event_type"`
	JobID        string `json:"job_id,omitempty"`
	AttemptCount int    `json:"attempt_count"`
	AttemptedAt  string `json:"attempted_at"`
	StatusCode   int    `json:"status_code,omitempty"` // 0 = there was no answer
	Error        string `json:"error,omitempty"`       // "" = it was delivered
}

func noticeOf(d *ringback.Delivery, a *ringback.Attempt) attemptNotice {
	return attemptNotice{
		DeliveryID: d.ID, EventID: d.EventID, EventType: d.EventType, JobID: d.JobID,
		AttemptCount: a.Number, AttemptedAt: instant(a.StartedAt), StatusCode: a.StatusCode, Error: a.Error,
	}
}

// instant writes a time as the API does: RFC 3339, UTC, microseconds.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// planNotice plans an event to the operator about an account's resource, or
// gives nil: nobody subscribes to it, or the account is the operator's own,
// whose events about itself would have no end. The plan must be settled.
func (e *Engine) planNotice(ctx context.Context, eventType, accountID, resourceID string, data any) (*plan, error) {
	if accountID == ringback.OperatorAccountID {
		return nil, nil
	}
	v, err := e.directory.view(ctx, ringback.OperatorAccountID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !v.subscribes(eventType) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	stable, err := body.Stable(nil, raw)
	if err != nil {
		return nil, err
	}
	at := e.now()
	return e.plan(v, &ringback.Event{
		ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: ringback.OperatorAccountID, Type: eventType,
		ResourceID: resourceID, Data: stable, CreatedAt: at,
	}, nil), nil
}

// subscribes says whether any endpoint gets events of the type.
func (v *view) subscribes(eventType string) bool {
	for _, ep := range v.endpoints {
		if ep.Enabled && ep.Subscribes(eventType) {
			return true
		}
	}
	return false
}

// Notice tells the operator of a delivery whose schedule is used up.
func (t targets) Notice(ctx context.Context, c *store.Claimed, o dispatch.Outcome) (*dispatch.Notice, error) {
	if !o.Exhausted || c.Event.OnlyEndpoint != "" {
		return nil, nil
	}
	d := c.Delivery
	p, err := t.e.planNotice(ctx, ringback.EventDeliveryExhausted, d.AccountID, d.ID, &deliveryNotice{
		AccountID: d.AccountID, EndpointID: d.EndpointID, URL: d.URL, attemptNotice: noticeOf(d, &o.Attempt),
	})
	if p == nil || err != nil {
		return nil, err
	}
	return &dispatch.Notice{Notice: p.notice(), Settle: func(inserted bool) { t.e.settle(p, inserted) }}, nil
}

// changeEndpoint commits a change of an endpoint that an attempt brought about,
// with the event that tells the operator. What change returns is returned.
func (e *Engine) changeEndpoint(
	ctx context.Context, ep *ringback.Endpoint, change func(*ringback.Endpoint) error, eventType string, n *endpointNotice,
) error {
	p, err := e.planNotice(ctx, eventType, ep.AccountID, ep.ID, n)
	if err != nil {
		return err
	}
	op := &store.ChangeEndpoint{AccountID: ep.AccountID, ID: ep.ID, Change: change, Notice: p.notice()}
	err = e.commitPlan(p, op, func() bool { return op.Err == nil })
	e.endpointChanged(ep.AccountID, ep.ID)
	if err != nil {
		return err
	}
	return op.Err
}
