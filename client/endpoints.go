package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

const endpointsPath = "/v1/endpoints"

// Endpoint is an endpoint as the API shows it: without its secret.
type Endpoint struct {
	ID                  string            `json:"id"`
	Name                string            `json:"name"`
	URL                 string            `json:"url"`
	EventTypes          []string          `json:"event_types"` // exact types, "prefix.*", "*"
	Profile             string            `json:"profile"`
	Signature           string            `json:"signature"` // of the profile standard: "v1" or "v1a"; "" of others
	Signed              bool              `json:"signed"`
	PreviousSecretUntil time.Time         `json:"previous_secret_until"` // zero without a rotation under way
	IncludeResult       bool              `json:"include_result"`
	Enabled             bool              `json:"enabled"`
	DisabledReason      string            `json:"disabled_reason"` // "" while enabled
	DisabledAt          time.Time         `json:"disabled_at"`     // zero while enabled
	FailingSince        time.Time         `json:"failing_since"`   // zero after a success
	Headers             map[string]string `json:"headers"`
	RetrySchedule       []string          `json:"retry_schedule"` // the delays in force ("5s", "1h30m"), each after a failed attempt
	TimeoutSeconds      int               `json:"timeout_seconds"`
	RateLimit           float64           `json:"rate_limit_per_second"` // attempts that may start in a second; 0 = no limit
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`
	Warnings            []string          `json:"warnings"` // what should be changed; in the answers to changes
}

// CreatedEndpoint is a new endpoint with its secret.
type CreatedEndpoint struct {
	Endpoint

	Secret string `json:"secret"` // what calls are signed with; "" = they are not
	VerifyingKey
}

// CreateEndpointParams subscribe a URL to events. URL and EventTypes are needed.
type CreateEndpointParams struct {
	Name           string             `json:"name,omitempty"`
	URL            string             `json:"url"`
	EventTypes     []string           `json:"event_types"`                     // exact types, "prefix.*", "*"; 1 to 200
	Profile        string             `json:"profile,omitempty"`               // "" = standard
	Secret         Optional[string]   `json:"secret,omitzero"`                 // left out = generated, Null = unsigned
	Signature      string             `json:"signature,omitempty"`             // of the profile standard: "v1", or "", or "v1a"
	IncludeResult  Optional[bool]     `json:"include_result,omitzero"`         // left out = as the profile has it
	Enabled        Optional[bool]     `json:"enabled,omitzero"`                // left out = true
	Headers        map[string]string  `json:"headers,omitempty"`               // sent with every call, at most 20
	RetrySchedule  Optional[[]string] `json:"retry_schedule,omitzero"`         // left out or Null = the profile's, Set([]string{}) = no retry
	TimeoutSeconds int                `json:"timeout_seconds,omitempty"`       // of one attempt, 1–60; 0 = 15
	RateLimit      float64            `json:"rate_limit_per_second,omitempty"` // attempts that may start in a second, 0.001–10000; 0 = no limit
}

// UpdateEndpointParams change an endpoint. What is left out stays.
type UpdateEndpointParams struct {
	Name           Optional[string]            `json:"name,omitzero"`
	URL            Optional[string]            `json:"url,omitzero"`
	EventTypes     Optional[[]string]          `json:"event_types,omitzero"` // replaces all
	Profile        Optional[string]            `json:"profile,omitzero"`
	Secret         Optional[string]            `json:"secret,omitzero"`    // Null = unsigned
	Signature      Optional[string]            `json:"signature,omitzero"` // another one has a secret or key made for it
	IncludeResult  Optional[bool]              `json:"include_result,omitzero"`
	Enabled        Optional[bool]              `json:"enabled,omitzero"`        // false cancels what is pending
	Headers        Optional[map[string]string] `json:"headers,omitzero"`        // replaces all
	RetrySchedule  Optional[[]string]          `json:"retry_schedule,omitzero"` // Null = the profile's, Set([]string{}) = no retry
	TimeoutSeconds Optional[int]               `json:"timeout_seconds,omitzero"`
	RateLimit      Optional[float64]           `json:"rate_limit_per_second,omitzero"` // Null = no limit
}

// CreateEndpoint makes an endpoint.
func (c *Client) CreateEndpoint(ctx context.Context, p CreateEndpointParams) (*CreatedEndpoint, error) {
	return change[CreatedEndpoint](ctx, c, http.MethodPost, endpointsPath, p)
}

// GetEndpoint gives an endpoint.
func (c *Client) GetEndpoint(ctx context.Context, id string) (*Endpoint, error) {
	return get[Endpoint](ctx, c, under(endpointsPath, id, ""))
}

// ListEndpoints gives a page of endpoints, the newest first.
func (c *Client) ListEndpoints(ctx context.Context, p Page) (*List[Endpoint], error) {
	return list[Endpoint](ctx, c, endpointsPath, p.query())
}

// AllEndpoints goes through all pages of ListEndpoints.
func (c *Client) AllEndpoints(ctx context.Context, p Page) iter.Seq2[*Endpoint, error] {
	return all(p, func(page Page) (*List[Endpoint], error) { return c.ListEndpoints(ctx, page) })
}

// UpdateEndpoint changes an endpoint, for what is pending too.
func (c *Client) UpdateEndpoint(ctx context.Context, id string, p UpdateEndpointParams) (*Endpoint, error) {
	return change[Endpoint](ctx, c, http.MethodPatch, under(endpointsPath, id, ""), p)
}

// DeleteEndpoint deletes an endpoint and cancels what is pending.
func (c *Client) DeleteEndpoint(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: under(endpointsPath, id, "")})
	return err
}
