package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// Pauses between tries.
const (
	firstPause    = 200 * time.Millisecond
	longestPause  = 5 * time.Second
	maxRetryAfter = 30 * time.Second
)

// call is one operation with its arguments.
type call struct {
	method string
	path   string // escaped
	query  url.Values
	header http.Header
	in     any // the body, JSON; nil = none
	out    any // where the answer goes; nil = nowhere

	repeatable  bool  // it may be made twice
	waitSeconds int   // that the server is asked to wait
	more        int64 // bytes that the answer may be larger by than others
}

// do makes a call, again if that may help. It gives the headers of the answer.
func (c *Client) do(ctx context.Context, q call) (http.Header, error) {
	fail := func(err error) error { return fmt.Errorf("%s %s: %w", q.method, q.path, err) }
	body, err := encode(q.in)
	if err != nil {
		return nil, fail(fmt.Errorf("the request cannot be written as JSON: %w", err))
	}
	for try := 0; ; try++ {
		header, err := c.once(ctx, &q, body)
		if err == nil {
			return header, nil
		}
		if !q.repeatable || try >= c.retries || !Temporary(err) {
			return nil, fail(err)
		}
		pause, ok := pauseAfter(try, err)
		if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) <= pause {
			ok = false
		}
		if !ok {
			return nil, fail(err)
		}
		if waitErr := sleep(ctx, pause); waitErr != nil {
			return nil, fail(fmt.Errorf("%w; there was no time to try again: %w", err, waitErr))
		}
	}
}

// encode writes a body, with <, > and & as they are; nil has none.
func encode(in any) ([]byte, error) {
	if in == nil {
		return nil, nil
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(in)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// pauseAfter says how long to wait after a try that failed, or that waiting
// would take too long.
func pauseAfter(try int, err error) (pause time.Duration, ok bool) {
	pause = min(firstPause<<min(try, 10), longestPause)
	pause -= time.Duration(rand.Float64() * 0.5 * float64(pause))
	if e, found := errors.AsType[*Error](err); found {
		pause = max(pause, e.RetryAfter)
	}
	return pause, pause <= maxRetryAfter
}

// sleep waits, or gives the reason why ctx ended first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// once makes one request.
func (c *Client) once(ctx context.Context, q *call, body []byte) (http.Header, error) {
	limit := c.timeout + time.Duration(q.waitSeconds)*time.Second
	limited, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("there was no answer within %s", limit))
	defer cancel()
	req, err := c.request(limited, q, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, interrupted(ctx, limited, err)
	}
	defer func() { _ = resp.Body.Close() }() // read only
	most := c.maxAnswer + q.more
	answer, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return nil, interrupted(ctx, limited, fmt.Errorf("the answer broke off: %w", err))
	case int64(len(answer)) > most:
		return nil, fmt.Errorf("the answer (status %d) is larger than %d bytes", resp.StatusCode, most)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, errorOf(resp, answer)
	case q.out == nil:
		return resp.Header, nil
	}
	if err := json.Unmarshal(answer, q.out); err != nil {
		return nil, fmt.Errorf("the answer (status %d) is not the API's: %w", resp.StatusCode, err)
	}
	return resp.Header, nil
}

func (c *Client) request(ctx context.Context, q *call, body []byte) (*http.Request, error) {
	target := c.url + q.path
	if len(q.query) > 0 {
		target += "?" + q.query.Encode()
	}
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target, r)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, q.header)
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if parent := TraceParent(ctx); parent != "" {
		req.Header.Set("Traceparent", parent)
	}
	if c.account != "" {
		req.Header.Set("Ringback-Account", c.account)
	}
	return req, nil
}

// interrupted says why there is no whole answer: the caller's context ended,
// the time for one try was up, or the connection failed.
func interrupted(ctx, limited context.Context, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // do says method and path
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", context.Cause(ctx), ctx.Err())
	case limited.Err() != nil:
		err = context.Cause(limited)
	}
	return &connectionError{err}
}

// under makes the path of something by its id.
func under(base, id, rest string) string { return base + "/" + url.PathEscape(id) + rest }
