package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// TestEndpointParams say which sample an endpoint gets.
type TestEndpointParams struct {
	EventType string `json:"event_type,omitempty"` // "" = one that the endpoint subscribes to

	// WaitSeconds is for how long, up to 60, the answer waits for the outcome.
	WaitSeconds int `json:"-"`
}

// RecoverEndpointParams say which events an endpoint is to get after all. Since
// is needed.
type RecoverEndpointParams struct {
	Since  time.Time `json:"since"`            // made at this time or later
	Until  time.Time `json:"until,omitzero"`   // made before this time; zero = now
	Cursor string    `json:"cursor,omitempty"` // NextCursor of the call before
}

// Recovery is what one call of [Client.RecoverEndpoint] did.
type Recovery struct {
	Recovered  int    `json:"recovered"`   // events that the endpoint gets by it
	Examined   int    `json:"examined"`    // events that it looked at
	NextCursor string `json:"next_cursor"` // "" at the end; else call again with it
}

// TestEndpoint sends an endpoint a sample, in one attempt without retries. If it
// ended while the answer waited, the delivery has its attempt.
func (c *Client) TestEndpoint(ctx context.Context, id string, p TestEndpointParams) (*Delivery, error) {
	d := new(Delivery)
	q := call{
		method: http.MethodPost, path: under(endpointsPath, id, "/test"), in: p, out: d, waitSeconds: p.WaitSeconds,
	}
	if p.WaitSeconds > 0 {
		q.query = url.Values{"wait": {strconv.Itoa(p.WaitSeconds)}}
	}
	if _, err := c.do(ctx, q); err != nil {
		return nil, err
	}
	return d, nil
}

// RecoverEndpoint sends an endpoint what failed, was canceled or was missed. A
// call works for some seconds; as long as there is a NextCursor, call again with
// it. To do so twice does no harm: what is pending or was delivered stays.
func (c *Client) RecoverEndpoint(ctx context.Context, id string, p RecoverEndpointParams) (*Recovery, error) {
	r := new(Recovery)
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: under(endpointsPath, id, "/recover"), in: p, out: r, repeatable: true,
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}
