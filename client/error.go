package client

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ringback/ringback/ringback"
)

// Error is an answer of the server other than 2xx: a problem (RFC 9457).
type Error struct {
	Status     int           // of HTTP
	Code       ringback.Code // which kind of error; "" if the answer is not the API's (a proxy's, say)
	Message    string        // what was wrong, with which value, and what to do
	Field      string        // the first member, parameter or header at fault, or ""
	Errors     []FieldError  // all that is at fault
	RetryAfter time.Duration // 0 = not said
}

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	Field  string `json:"field"` // the member ("events.failed", "types[2]"), parameter or header
	Reason string `json:"reason"`
}

// Error gives status, message and code.
func (e *Error) Error() string {
	text := strconv.Itoa(e.Status)
	if title := http.StatusText(e.Status); title != "" {
		text += " " + title
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Code != "" {
		text += " (" + string(e.Code) + ")"
	}
	return text
}

// Is serves errors.Is: a target *Error stands for all errors that have its
// Status and its Code, as far as they are set.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	if !ok || t.Code == "" && t.Status == 0 {
		return false
	}
	return (t.Code == "" || t.Code == e.Code) && (t.Status == 0 || t.Status == e.Status)
}

// CodeOf is the code of the first Error in err's chain, or "".
func CodeOf(err error) ringback.Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// Temporary says whether the same call may succeed later: the server could not
// be reached, or it answered 429, 502, 503 or 504. It says nothing about whether
// the call had an effect.
func Temporary(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		switch e.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	_, ok := errors.AsType[*connectionError](err)
	return ok
}

// connectionError is a call without a whole answer, though its caller still
// waits.
type connectionError struct{ err error }

func (e *connectionError) Error() string { return e.err.Error() }
func (e *connectionError) Unwrap() error { return e.err }

// errorOf makes the Error of an answer.
func errorOf(resp *http.Response, body []byte) *Error {
	var problem struct {
		Title  string        `json:"title"`
		Code   ringback.Code `json:"code"`
		Detail string        `json:"detail"`
		Field  string        `json:"field"`
		Errors []FieldError  `json:"errors"`
	}
	if json.Unmarshal(body, &problem) != nil {
		problem.Code = "" // no problem at all: its status is all that is known
	}
	e := &Error{
		Status: resp.StatusCode, Code: problem.Code, Message: problem.Detail, Field: problem.Field,
		Errors: problem.Errors, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
	}
	if to := resp.Header.Get("Location"); e.Message == "" && resp.StatusCode/100 == 3 {
		e.Message = fmt.Sprintf("it redirects to %q, and redirects are not followed; use the server's own address", to)
	}
	return e
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < 1<<31 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
