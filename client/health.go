package client

import (
	"context"
	"net/http"
)

// Health says that the server works.
type Health struct {
	Status string `json:"status"` // "ok"
}

// GetHealth says whether the server's process is alive. It is not repeated.
func (c *Client) GetHealth(ctx context.Context) (*Health, error) {
	return change[Health](ctx, c, http.MethodGet, "/healthz", nil)
}

// GetReadiness says whether the server takes changes; if not, that is an error
// with ringback.CodeUnavailable. It is not repeated.
func (c *Client) GetReadiness(ctx context.Context) (*Health, error) {
	return change[Health](ctx, c, http.MethodGet, "/readyz", nil)
}
