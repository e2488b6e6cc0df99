package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// Delivery is a delivery as answers show it.
type Delivery struct {
	ID            string                  `json:"id"`
	MessageID     string                  `json:"message_id" doc:"What webhook-id carries: the same for every endpoint, retry and recovery of the event"`
	EventID       string                  `json:"event_id"`
	EventType     string                  `json:"event_type"`
	JobID         string                  `json:"job_id,omitempty" doc:"The job whose outcome the event is"`
	EndpointID    string                  `json:"endpoint_id,omitempty" doc:"Absent for a job's callback"`
	URL           string                  `json:"url" doc:"As it was when last looked at"`
	Profile       string                  `json:"profile"`
	Status        ringback.DeliveryStatus `json:"status" enum:"pending,delivered,failed,canceled"`
	Reason        string                  `json:"reason,omitempty" doc:"Why it failed or was canceled, or why the last attempt failed"`
	AttemptCount  int                     `json:"attempt_count"`
	NextAttemptAt Instant                 `json:"next_attempt_at,omitzero" doc:"Only while pending"`
	CreatedAt     Instant                 `json:"created_at"`
	DeliveredAt   Instant                 `json:"delivered_at,omitzero"`
	FinishedAt    Instant                 `json:"finished_at,omitzero" doc:"When it was delivered, failed or canceled"`
}

// DeliveryWithAttempts is a delivery with its history.
type DeliveryWithAttempts struct {
	Delivery

	Attempts []Attempt `json:"attempts" doc:"The oldest first; the last 200"`
}

// Attempt is one HTTP request of a delivery.
type Attempt struct {
	Number          int               `json:"number" doc:"1, 2, …"`
	StartedAt       Instant           `json:"started_at"`
	DurationMS      float64           `json:"duration_ms" doc:"In milliseconds"`
	StatusCode      int               `json:"status_code,omitempty" doc:"Absent without an answer"`
	Error           string            `json:"error,omitempty" doc:"Why it failed"`
	RequestHeaders  map[string]string `json:"request_headers" doc:"As sent; the values of the customer's own are masked"`
	ResponseHeaders map[string]string `json:"response_headers" doc:"Several values of one name are joined by a comma"`
	ResponseBody    string            `json:"response_body" doc:"Its beginning; bytes that are not UTF-8 are shown as U+FFFD"`
}

type deliveryInput struct {
	ID string `path:"id"`
}

type deliveryOutput struct{ Body Delivery }

type getDeliveryOutput struct{ Body DeliveryWithAttempts }

type listDeliveriesInput struct {
	Status     string `query:"status" enum:"pending,delivered,failed,canceled"`
	EndpointID string `query:"endpoint_id" doc:"Only deliveries to this endpoint"`
	EventType  string `query:"event_type" doc:"Only deliveries of events of this type"`
	EventID    string `query:"event_id" doc:"Only deliveries of this event; its id or UUID"`
	JobID      string `query:"job_id" doc:"Only deliveries of this job's event; its id or UUID"`
	SpanParams
	PageParams
}

func (a *API) listDeliveries(ctx context.Context, in *listDeliveriesInput) (*listOutput[Delivery], error) {
	f := engine.DeliveryFilter{
		Status: ringback.DeliveryStatus(in.Status), EndpointID: in.EndpointID,
		EventType: in.EventType, EventID: in.EventID, JobID: in.JobID,
	}
	if err := checkType("event_type", in.EventType); err != nil {
		return nil, err
	}
	var err error
	if f.Span, err = in.span(); err != nil {
		return nil, err
	}
	l, err := a.engine.Deliveries(ctx, callOf(ctx).accountID, f, in.paging())
	if err != nil {
		return nil, err
	}
	return show(l, showDelivery), nil
}

func (a *API) getDelivery(ctx context.Context, in *deliveryInput) (*getDeliveryOutput, error) {
	d, attempts, err := a.engine.Delivery(ctx, callOf(ctx).accountID, in.ID)
	if err != nil {
		return nil, err
	}
	return &getDeliveryOutput{showWithAttempts(d, attempts)}, nil
}

func (a *API) retryDelivery(ctx context.Context, in *deliveryInput) (*deliveryOutput, error) {
	d, err := a.engine.RetryDelivery(ctx, callOf(ctx).accountID, in.ID)
	if err != nil {
		return nil, err
	}
	return &deliveryOutput{showDelivery(d)}, nil
}

func (a *API) cancelDelivery(ctx context.Context, in *deliveryInput) (*deliveryOutput, error) {
	d, err := a.engine.CancelDelivery(ctx, callOf(ctx).accountID, in.ID)
	if err != nil {
		return nil, err
	}
	return &deliveryOutput{showDelivery(d)}, nil
}

func showWithAttempts(d *ringback.Delivery, attempts []ringback.Attempt) DeliveryWithAttempts {
	v := DeliveryWithAttempts{Delivery: showDelivery(d), Attempts: make([]Attempt, len(attempts))}
	for i := range attempts {
		v.Attempts[i] = showAttempt(&attempts[i])
	}
	return v
}

func showDelivery(d *ringback.Delivery) Delivery {
	v := Delivery{
		ID: d.ID, MessageID: d.MessageID(), EventID: d.EventID, EventType: d.EventType, JobID: d.JobID,
		EndpointID: d.EndpointID, URL: d.URL, Profile: d.Profile, Status: d.Status, Reason: d.Reason,
		AttemptCount: d.AttemptCount, CreatedAt: Instant{d.CreatedAt}, FinishedAt: Instant{d.FinishedAt},
	}
	switch d.Status {
	case ringback.DeliveryPending:
		v.NextAttemptAt = Instant{d.NextAttemptAt}
	case ringback.DeliveryDelivered:
		v.DeliveredAt = Instant{d.FinishedAt}
	case ringback.DeliveryFailed, ringback.DeliveryCanceled:
	}
	return v
}

func showAttempt(at *ringback.Attempt) Attempt {
	return Attempt{
		Number: at.Number, StartedAt: Instant{at.StartedAt}, DurationMS: float64(at.Duration.Microseconds()) / 1000,
		StatusCode: at.StatusCode, Error: at.Error,
		RequestHeaders: showHeaders(at.RequestHeaders), ResponseHeaders: showHeaders(at.ResponseHeaders),
		ResponseBody: strings.ToValidUTF8(string(at.ResponseBody), "\uFFFD"),
	}
}

func showHeaders(h http.Header) map[string]string {
	v := make(map[string]string, len(h))
	for name, values := range h {
		v[name] = strings.Join(values, ", ")
	}
	return v
}

const exampleDeliveryMembers = `"id": "dlv_01jzn6v3m8f7q9r2s4t6w8x0z2000", "message_id": "msg_01jzn6v3m8f7q9r2s4t6w8x0z2",
	"event_id": "evt_01jzn6v3m8f7q9r2s4t6w8x0z2", "event_type": "job.succeeded", "job_id": "job_01jzn6v3m8f7q9r2s4t6w8x0z1",
	"endpoint_id": "ep_01jzn6v3m8f7q9r2s4t6w8x0z2", "url": "https://customer.example/hook", "profile": "standard",
	"status": "delivered", "attempt_count": 1, "created_at": "2026-01-02T15:04:09.500000Z",
	"delivered_at": "2026-01-02T15:04:09.620000Z", "finished_at": "2026-01-02T15:04:09.620000Z"`

const (
	exampleDelivery             = `{` + exampleDeliveryMembers + `}`
	exampleDeliveryWithAttempts = `{` + exampleDeliveryMembers + `, "attempts": [{"number": 1, "started_at": "2026-01-02T15:04:09.501000Z",
	"duration_ms": 118.4, "status_code": 204, "request_headers": {"Webhook-Id": "msg_01jzn6v3m8f7q9r2s4t6w8x0z2"},
	"response_headers": {"Server": "nginx"}, "response_body": ""}]}`
)

func (a *API) registerDeliveries() {
	read, write := []ringback.Scope{ringback.ScopeDeliveriesRead}, []ringback.Scope{ringback.ScopeDeliveriesWrite}
	register(a, operation{
		ID: "listDeliveries", Method: http.MethodGet, Path: "/v1/deliveries", Tag: "deliveries", Status: http.StatusOK,
		Summary: "List deliveries", By: anAccount, Scopes: read, Response: `{"items": [` + exampleDelivery + `]}`,
	}, a.listDeliveries)
	register(a, operation{
		ID: "getDelivery", Method: http.MethodGet, Path: "/v1/deliveries/{id}", Tag: "deliveries", Status: http.StatusOK,
		Summary: "Look at a delivery and its attempts", By: anAccount, Scopes: read,
		Response: exampleDeliveryWithAttempts,
	}, a.getDelivery)
	register(a, operation{
		ID: "retryDelivery", Method: http.MethodPost, Path: "/v1/deliveries/{id}/retry", Tag: "deliveries", Status: http.StatusOK,
		Summary: "Try again now", Text: "One attempt more, at once, whatever the delivery's status; one that is waiting for its next attempt makes it now.",
		By: anAccount, Scopes: write, Codes: []ringback.Code{ringback.CodeEndpointDisabled}, Response: exampleDelivery,
	}, a.retryDelivery)
	register(a, operation{
		ID: "cancelDelivery", Method: http.MethodPost, Path: "/v1/deliveries/{id}/cancel", Tag: "deliveries", Status: http.StatusOK,
		Summary: "Give up a delivery", Text: "An attempt that is being made is not taken back.",
		By: anAccount, Scopes: write, Codes: []ringback.Code{ringback.CodeDeliveryFinished}, Response: exampleDelivery,
	}, a.cancelDelivery)
}
