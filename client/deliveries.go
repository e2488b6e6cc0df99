package client

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/ringback/ringback/ringback"
)

const deliveriesPath = "/v1/deliveries"

// Delivery is a delivery as the API shows it.
type Delivery struct {
	ID            string                  `json:"id"`
	MessageID     string                  `json:"message_id"` // what webhook-id carries
	EventID       string                  `json:"event_id"`
	EventType     string                  `json:"event_type"`
	JobID         string                  `json:"job_id"`      // "" for a published event
	EndpointID    string                  `json:"endpoint_id"` // "" for a job's callback
	URL           string                  `json:"url"`
	Profile       string                  `json:"profile"`
	Status        ringback.DeliveryStatus `json:"status"`
	Reason        string                  `json:"reason"` // why it failed or was canceled, or why the last attempt failed
	AttemptCount  int                     `json:"attempt_count"`
	NextAttemptAt time.Time               `json:"next_attempt_at"` // zero unless pending
	CreatedAt     time.Time               `json:"created_at"`
	DeliveredAt   time.Time               `json:"delivered_at"` // zero unless delivered
	FinishedAt    time.Time               `json:"finished_at"`  // zero while pending

	// Attempts are the last 200, the oldest first; GetDelivery alone has them.
	Attempts []Attempt `json:"attempts"`
}

// Attempt is one HTTP request of a delivery.
type Attempt struct {
	Number          int               `json:"number"` // 1, 2, …
	StartedAt       time.Time         `json:"started_at"`
	DurationMS      float64           `json:"duration_ms"` // milliseconds
	StatusCode      int               `json:"status_code"` // 0 without an answer
	Error           string            `json:"error"`       // "" on success
	RequestHeaders  map[string]string `json:"request_headers"`
	ResponseHeaders map[string]string `json:"response_headers"`
	ResponseBody    string            `json:"response_body"` // its beginning
}

// ListDeliveriesParams choose deliveries; what is empty chooses all.
type ListDeliveriesParams struct {
	Status     ringback.DeliveryStatus
	EndpointID string
	EventType  string
	EventID    string // id or UUID
	JobID      string // id or UUID
	Span
	Page
}

// ListDeliveries gives a page of deliveries, the newest first.
func (c *Client) ListDeliveries(ctx context.Context, p ListDeliveriesParams) (*List[Delivery], error) {
	return list[Delivery](ctx, c, deliveriesPath, []string{
		"status", string(p.Status), "endpoint_id", p.EndpointID, "event_type", p.EventType,
		"event_id", p.EventID, "job_id", p.JobID,
	}, p.Span.query(), p.Page.query())
}

// AllDeliveries goes through all pages of ListDeliveries.
func (c *Client) AllDeliveries(ctx context.Context, p ListDeliveriesParams) iter.Seq2[*Delivery, error] {
	return all(p.Page, func(page Page) (*List[Delivery], error) {
		p.Page = page
		return c.ListDeliveries(ctx, p)
	})
}

// GetDelivery gives a delivery with its attempts.
func (c *Client) GetDelivery(ctx context.Context, id string) (*Delivery, error) {
	return get[Delivery](ctx, c, under(deliveriesPath, id, ""))
}

// RetryDelivery makes one attempt more, at once, whatever the status.
func (c *Client) RetryDelivery(ctx context.Context, id string) (*Delivery, error) {
	return change[Delivery](ctx, c, http.MethodPost, under(deliveriesPath, id, "/retry"), nil)
}

// CancelDelivery gives up a pending delivery.
func (c *Client) CancelDelivery(ctx context.Context, id string) (*Delivery, error) {
	return change[Delivery](ctx, c, http.MethodPost, under(deliveriesPath, id, "/cancel"), nil)
}
