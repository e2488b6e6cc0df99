package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/ringback"
)

// Problem is the body of every error answer (RFC 9457).
type Problem struct { //nolint:errname // it is what the wire calls it
	Type   string        `json:"type" doc:"Always about:blank: code says which problem it is" example:"about:blank"`
	Title  string        `json:"title" doc:"The text of the HTTP status" example:"Unprocessable Entity"`
	Status int           `json:"status" doc:"The HTTP status" example:"422"`
	Code   ringback.Code `json:"code" doc:"Which kind of error it is; never renamed" example:"invalid"`
	Detail string        `json:"detail" doc:"What was wrong, with which value, and what to do"`
	Field  string        `json:"field,omitempty" doc:"The first member, parameter or header at fault" example:"callback_url"`
	Errors []FieldError  `json:"errors,omitempty" doc:"Every member, parameter and header at fault, sorted by name, at most 20"`

	retryAfter time.Duration
}

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	Field  string `json:"field" doc:"The member (\"events.failed\", \"types[2]\"), query parameter or header" example:"callback_url"`
	Reason string `json:"reason" doc:"What is wrong with it" example:"it has no scheme: did you mean \"https://example.com/hook\"?"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of problems, whatever was negotiated.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders gives the headers that the answer must have.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		seconds := (p.retryAfter + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	switch p.Code { //nolint:exhaustive // the others need none
	case ringback.CodeUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case ringback.CodeBodyTooLarge:
		h.Set("Connection", "close") // so that the rest of the body is not read
	}
	return h
}

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"

	// maxDetail bounds what is repeated of a request, in bytes.
	maxDetail = 2048
)

// explanation is what an error code means over HTTP.
type explanation struct {
	status  int
	meaning string // for the documentation
}

// explain gives every code its HTTP status. This is the one place that knows.
func explain(code ringback.Code) explanation {
	switch code {
	case ringback.CodeMalformedBody:
		return explanation{400, "the body is not one JSON object, or has duplicate members, invalid UTF-8 or more than 500 levels"}
	case ringback.CodeUnauthorized:
		return explanation{401, "there is no API key in the request, or an unknown one"}
	case ringback.CodeMissingScope:
		return explanation{403, "the API key lacks a scope that the operation needs"}
	case ringback.CodeOperatorOnly:
		return explanation{403, "the operation is for operators' keys only, or would change what is the operator's"}
	case ringback.CodeNotFound:
		return explanation{404, "there is no such thing in this account, or no such route"}
	case ringback.CodeMethodNotAllowed:
		return explanation{405, "the route exists for the methods in the Allow header"}
	case ringback.CodeStaleLease:
		return explanation{409, "the lease token is not the job's current one"}
	case ringback.CodeJobCanceled:
		return explanation{409, "the job was canceled meanwhile"}
	case ringback.CodeJobFinished:
		return explanation{409, "the job has its outcome already"}
	case ringback.CodeDeliveryFinished:
		return explanation{409, "the delivery is no longer pending"}
	case ringback.CodeEndpointDisabled:
		return explanation{409, "the endpoint is disabled or deleted, so that nothing is sent to it"}
	case ringback.CodeAlreadyExists:
		return explanation{409, "there is one of this name already"}
	case ringback.CodeProfileInUse:
		return explanation{409, "an endpoint has the profile, or an account has it for its callbacks"}
	case ringback.CodeBodyTooLarge:
		return explanation{413, "the body is larger than 1 MiB (publishEvents: 8 MiB, one event 256 KiB)"}
	case ringback.CodeUnsupportedMediaType:
		return explanation{415, "the body is not application/json"}
	case ringback.CodeInvalid:
		return explanation{422, "a member, parameter or header cannot be taken; field says which"}
	case ringback.CodeArchivedEventType:
		return explanation{422, "the event type is archived: nothing is published under it any more"}
	case ringback.CodeSchemaMismatch:
		return explanation{422, "data does not match the schema of its event type; field is `data` and a JSON pointer to the place"}
	case ringback.CodeIdempotencyMismatch:
		return explanation{422, "the Idempotency-Key was used with another request within the last 24 hours"}
	case ringback.CodeTooManyFailures:
		return explanation{429, "too many wrong API keys came from this address within a minute"}
	case ringback.CodeUnavailable:
		return explanation{503, "the store cannot take changes, the server is stopping, or it has no room for so large a request; nothing happened unless detail says that this is not known, try again"}
	case ringback.CodeInternal:
	}
	return explanation{500, "a defect of the server; its log says more"}
}

// newProblem makes the problem that an error with a code is shown as.
func newProblem(e *ringback.Error) *Problem {
	status := explain(e.Code).status
	p := &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: e.Code,
		Detail: limit(e.Error(), maxDetail), Field: e.Field, retryAfter: e.RetryAfter,
	}
	if e.Field != "" {
		p.Errors = []FieldError{{Field: e.Field, Reason: limit(e.Message, maxDetail)}}
	}
	return p
}

func internalProblem() *Problem {
	return newProblem(ringback.Errorf(ringback.CodeInternal, "something went wrong in the server; its log says more"))
}

// problem turns any error into what the caller sees. What the caller cannot do
// anything about is logged, here and nowhere else.
func (a *API) problem(ctx context.Context, operation string, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	e, ok := errors.AsType[*ringback.Error](err)
	switch {
	case !ok || e.Code == ringback.CodeInternal:
		a.log.Error("a request failed", "operation", operation, "error", cause(err))
		return internalProblem()
	case e.Code == ringback.CodeUnavailable && e.Err != nil && ctx.Err() == nil:
		a.logFault(operation, e)
	}
	return newProblem(e)
}

// logFault logs a fault of the store, at most one a second: while there is one,
// every request meets it.
func (a *API) logFault(operation string, e *ringback.Error) {
	now, last := time.Now().UnixNano(), a.faultLogged.Load()
	if now-last >= int64(time.Second) && a.faultLogged.CompareAndSwap(last, now) {
		a.log.Warn("requests are refused", "operation", operation, "error", cause(e))
	}
}

// cause is an error with what its message leaves out.
func cause(err error) error {
	if e, ok := errors.AsType[*ringback.Error](err); ok && e.Err != nil {
		return fmt.Errorf("%w: %w", err, e.Err)
	}
	return err
}

// fail answers a request that no handler has answered yet.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	writeProblem(w, a.problem(r.Context(), r.Method+" "+r.URL.Path, err))
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = marshal(w, p) // a Problem always is JSON
}

// marshal writes a value as JSON, with <, > and & as they are. It fails for
// values that are no JSON, before anything is written; that a client is gone
// is no error of ours.
func marshal(w io.Writer, v any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	if p, ok := v.(*Problem); ok {
		if answer, ok := w.(*response); ok {
			answer.code = p.Code
		}
	}
	_, _ = w.Write(text.Bytes())
	return nil
}

func errNoRoute(r *http.Request) error {
	return ringback.Errorf(ringback.CodeNotFound, "there is no route %s; /openapi.json lists all", r.URL.EscapedPath())
}

func errMethod(r *http.Request, allow string) error {
	return ringback.Errorf(ringback.CodeMethodNotAllowed, "%s is not possible here; the route takes %s", r.Method, allow)
}

// limit cuts what a request gave to a length that an answer may have.
func limit(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	return strings.ToValidUTF8(s[:bytes], "") + "…"
}

var (
	_ huma.StatusError       = (*Problem)(nil)
	_ huma.HeadersError      = (*Problem)(nil)
	_ huma.ContentTypeFilter = (*Problem)(nil)
)
