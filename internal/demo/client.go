package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// maxAnswer bounds an answer of the API, in bytes.
const maxAnswer = 8 << 20

// client calls the HTTP API with one key.
type client struct {
	url  string
	key  string
	http *http.Client
}

// apiError is an answer that is not 2xx: a problem (RFC 9457).
type apiError struct {
	Status int    `json:"-"`
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (e *apiError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	switch {
	case e.Detail != "":
		text += ": " + e.Detail
	case e.Title != "":
		text += ": " + e.Title
	}
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text
}

// call makes one request. in and out are JSON; either may be nil. An answer
// other than 2xx is an *apiError.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		problem := &apiError{}
		_ = json.Unmarshal(raw, problem) // an answer that is no problem has its status alone
		problem.Status = resp.StatusCode
		return fmt.Errorf("%s %s: %w", method, path, problem)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// statusOf is the status of the API's answer, or 0 if there was none.
func statusOf(err error) int {
	if problem, ok := errors.AsType[*apiError](err); ok {
		return problem.Status
	}
	return 0
}

// Shapes of the API, as far as they are used here.
type (
	submission struct {
		Type        string            `json:"type"`
		Input       inspectInput      `json:"input"`
		CallbackURL string            `json:"callback_url,omitempty"`
		Profile     string            `json:"profile,omitempty"`
		Events      map[string]string `json:"events,omitempty"`
		ResourceID  string            `json:"resource_id,omitempty"`
	}
	inspectInput struct {
		URL string `json:"url"`
	}
	job struct {
		ID        string          `json:"id"`
		Status    string          `json:"status"`
		Profile   string          `json:"profile"`
		Result    json.RawMessage `json:"result"`
		Error     string          `json:"error"`
		CreatedAt time.Time       `json:"created_at"`
	}
	leasedJob struct {
		ID         string          `json:"id"`
		Input      json.RawMessage `json:"input"`
		Attempt    int             `json:"attempt"`
		LeaseToken string          `json:"lease_token"`
	}
	newEndpoint struct {
		Name          string   `json:"name"`
		URL           string   `json:"url"`
		EventTypes    []string `json:"event_types"`
		Profile       string   `json:"profile"`
		RetrySchedule []string `json:"retry_schedule"`
	}
	secret struct {
		Secret string `json:"secret"`
	}
	delivery struct {
		ID           string    `json:"id"`
		URL          string    `json:"url"`
		Status       string    `json:"status"`
		AttemptCount int       `json:"attempt_count"`
		Reason       string    `json:"reason"`
		Attempts     []attempt `json:"attempts"`
	}
	attempt struct {
		StatusCode int    `json:"status_code"`
		Error      string `json:"error"`
	}
)

// submit makes a job and gives its id.
func (c *client) submit(ctx context.Context, s *submission) (string, error) {
	var made job
	if err := c.call(ctx, http.MethodPost, "/v1/jobs", s, &made); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", errors.New("POST /v1/jobs: the answer names no id")
	}
	return made.ID, nil
}

func (c *client) job(ctx context.Context, id string) (*job, error) {
	var j job
	return &j, c.call(ctx, http.MethodGet, "/v1/jobs/"+url.PathEscape(id), nil, &j)
}

// deliveries lists the deliveries of a job's event, without their attempts.
func (c *client) deliveries(ctx context.Context, jobID string) ([]delivery, error) {
	var list struct {
		Items []delivery `json:"items"`
	}
	err := c.call(ctx, http.MethodGet, "/v1/deliveries?job_id="+url.QueryEscape(jobID), nil, &list)
	return list.Items, err
}

// delivery gives one delivery with its attempts, the oldest first.
func (c *client) delivery(ctx context.Context, id string) (*delivery, error) {
	var d delivery
	return &d, c.call(ctx, http.MethodGet, "/v1/deliveries/"+url.PathEscape(id), nil, &d)
}

// resource gives the newest job about a resource.
func (c *client) resource(ctx context.Context, id string) (*job, error) {
	var r struct {
		Job *job `json:"job"`
	}
	err := c.call(ctx, http.MethodGet, "/v1/resources/"+url.PathEscape(id), nil, &r)
	if err == nil && r.Job == nil {
		err = fmt.Errorf("GET /v1/resources/%s: the answer has no job", id)
	}
	return r.Job, err
}

// accountSecret is what signs the account's callbacks.
func (c *client) accountSecret(ctx context.Context) (string, error) {
	var s secret
	return s.Secret, c.call(ctx, http.MethodGet, "/v1/account/secret", nil, &s)
}

// subscribe makes an endpoint and gives its secret.
func (c *client) subscribe(ctx context.Context, e *newEndpoint) (string, error) {
	var s secret
	return s.Secret, c.call(ctx, http.MethodPost, "/v1/endpoints", e, &s)
}
