package ringback

import (
	"errors"
	"fmt"
	"time"
)

// Code names one kind of error. Codes are part of the API: they are never
// renamed, and each is documented in the README.
type Code string

// The codes, with the HTTP status that the API gives each.
const (
	CodeMalformedBody        Code = "malformed_body"         // 400: the body is not one JSON value without duplicates
	CodeUnauthorized         Code = "unauthorized"           // 401: no key, or an unknown one
	CodeMissingScope         Code = "missing_scope"          // 403: the key lacks the scope
	CodeOperatorOnly         Code = "operator_only"          // 403: an account key on an operator's route
	CodeNotFound             Code = "not_found"              // 404: no such thing in this account, or no such route
	CodeMethodNotAllowed     Code = "method_not_allowed"     // 405: the route exists for other methods
	CodeStaleLease           Code = "stale_lease"            // 409: the lease token is not the job's current one
	CodeJobCanceled          Code = "job_canceled"           // 409: the job was canceled meanwhile
	CodeJobFinished          Code = "job_finished"           // 409: the job has its outcome already
	CodeDeliveryFinished     Code = "delivery_finished"      // 409: the delivery is no longer pending
	CodeEndpointDisabled     Code = "endpoint_disabled"      // 409: nothing is sent to a disabled or deleted endpoint
	CodeAlreadyExists        Code = "already_exists"         // 409: the name is taken
	CodeProfileInUse         Code = "profile_in_use"         // 409: an endpoint or an account has the profile
	CodeBodyTooLarge         Code = "body_too_large"         // 413
	CodeUnsupportedMediaType Code = "unsupported_media_type" // 415
	CodeInvalid              Code = "invalid"                // 422: a field's value cannot be taken
	CodeArchivedEventType    Code = "archived_event_type"    // 422: nothing is published under an archived event type
	CodeSchemaMismatch       Code = "schema_mismatch"        // 422: data does not match the schema of its event type
	CodeIdempotencyMismatch  Code = "idempotency_mismatch"   // 422: the Idempotency-Key was used with another request
	CodeTooManyFailures      Code = "too_many_failures"      // 429: too many wrong keys from one address
	CodeInternal             Code = "internal"               // 500: a defect; details are in the server's log
	CodeUnavailable          Code = "unavailable"            // 503: the store cannot commit, or the server is stopping
)

// Codes lists every code, for tests and documentation.
func Codes() []Code {
	return []Code{
		CodeMalformedBody, CodeUnauthorized, CodeMissingScope, CodeOperatorOnly, CodeNotFound,
		CodeMethodNotAllowed, CodeStaleLease, CodeJobCanceled, CodeJobFinished, CodeDeliveryFinished,
		CodeEndpointDisabled, CodeAlreadyExists, CodeProfileInUse, CodeBodyTooLarge, CodeUnsupportedMediaType, CodeInvalid,
		CodeArchivedEventType, CodeSchemaMismatch, CodeIdempotencyMismatch, CodeTooManyFailures, CodeInternal, CodeUnavailable,
	}
}

// Error is an error that its reader can do something about. Every other error
// is a defect or a fault of the machine: callers outside see CodeInternal.
type Error struct {
	Code       Code
	Message    string        // what was wrong, with which value, what to do; never a secret
	Field      string        // the member, parameter or header at fault ("callback_url", "headers.X-Env"), or ""
	RetryAfter time.Duration // with CodeUnavailable and CodeTooManyFailures: when to try again
	Err        error         // the cause, for the log
}

// Error gives the message, led by the field.
func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without a field.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes an Error about the value of one field.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// NotFound says that there is no such thing, or none that this account may see.
func NotFound(kind, id string) *Error {
	if kind == "account" || kind == "key" { // the operator's own
		return Errorf(CodeNotFound, "there is no %s %q", kind, id)
	}
	return Errorf(CodeNotFound, "there is no %s %q in this account", kind, id)
}

// Unavailable says that the store did not take the change; nothing happened.
func Unavailable(cause error) *Error {
	return &Error{
		Code: CodeUnavailable, RetryAfter: 5 * time.Second, Err: cause,
		Message: "the store cannot take changes at the moment; nothing was accepted, try again",
	}
}

// CodeOf is the code of the first Error in err's chain, or CodeInternal.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
