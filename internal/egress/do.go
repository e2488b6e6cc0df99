package egress

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"
)

// Request is one HTTP request to a customer's address.
type Request struct {
	Method string      // empty means POST
	URL    string      // its path and query reach the wire as given
	Header http.Header // not changed by Do; Host, Content-Length and Transfer-Encoding are ignored
	// Body is sent with a Content-Length, never chunked. A receiver may answer
	// before it has read everything, so that Body may still be read for a
	// moment after Do has returned: it must never be changed or reused.
	Body []byte
	// Timeout is the one deadline over DNS, connect, TLS, headers and body; 0
	// or less means DefaultTimeout.
	Timeout time.Duration
}

// Response is what the receiver answered. Redirects are not followed and bodies
// not decompressed: both are returned as they came.
type Response struct {
	StatusCode int // 0 if no complete headers came
	Header     http.Header
	Body       []byte // at most Config.MaxResponseBody bytes
	Truncated  bool   // the body was longer than Body
	Timing     Timing
}

// Do sends one request and reads its answer, whatever its status is: only a
// request without a complete answer is an error, always an *Error. An answer
// whose body is too long is complete and Truncated. The Response comes with an
// error too, filled as far as it got.
//
// The request is sent once. Two exceptions: it is sent again where it cannot
// have been processed (a reused connection was closed before anything was
// written to it, or an HTTP/2 receiver said that it refused the stream), and
// GET, HEAD, OPTIONS and TRACE if a reused connection ends without an answer.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	start := time.Now()
	u, why := c.policy.parseURL(r.URL)
	if why != "" {
		cause := &URLError{URL: shortURL(r.URL), Reason: why}
		return Response{Timing: Timing{Total: time.Since(start)}}, &Error{Kind: KindURL, Message: why, cause: cause}
	}
	timeout := r.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	limited, cancel := context.WithDeadline(ctx, start.Add(timeout))
	defer cancel()
	a := newAttempt(ctx, limited, start, u)

	resp, err := c.transport.RoundTrip(c.httpRequest(a, u, r)) //nolint:bodyclose // readBody closes it
	if err != nil {
		return Response{Timing: a.timing()}, a.explain(err, phaseHeaders)
	}
	answer := Response{StatusCode: resp.StatusCode, Header: resp.Header}
	answer.Body, answer.Truncated, err = readBody(resp, c.maxBody, cancel)
	answer.Timing = a.timing()
	if err != nil {
		return answer, a.explain(err, phaseBody)
	}
	return answer, nil
}

// httpRequest builds what http.NewRequest would, without parsing the URL again.
// The body is a type that net/http knows to be in memory, so that it leaves in
// one write with the headers.
func (c *Client) httpRequest(a *attempt, u *url.URL, r Request) *http.Request {
	req := (&http.Request{}).WithContext(httptrace.WithClientTrace(a, &a.trace))
	req.Method = r.Method
	if req.Method == "" {
		req.Method = http.MethodPost
	}
	req.URL = u
	req.Host = u.Host
	req.Header = c.header(r.Header)
	req.Body = http.NoBody
	if len(r.Body) > 0 {
		req.ContentLength = int64(len(r.Body))
		req.Body = io.NopCloser(bytes.NewReader(r.Body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.Body)), nil }
	}
	return req
}

// replayNames are headers that make net/http send a request again although the
// receiver may have processed it. Under the names on the right, the same to
// every receiver, it does not see them.
var replayNames = [...][2]string{
	{"Idempotency-Key", "idempotency-key"},
	{"X-Idempotency-Key", "x-idempotency-key"},
}

// header returns the headers to send: given, unless something must be added or
// renamed, and then a shallow copy.
func (c *Client) header(given http.Header) http.Header {
	_, ready := given["User-Agent"]
	for _, n := range replayNames {
		if _, ok := given[n[0]]; ok {
			ready = false
		}
	}
	if ready {
		return given
	}
	h := make(http.Header, len(given)+1)
	h["User-Agent"] = c.userAgent
	maps.Copy(h, given)
	for _, n := range replayNames {
		if values, ok := h[n[0]]; ok {
			delete(h, n[0])
			h[n[1]] = append(h[n[1]], values...)
		}
	}
	return h
}
