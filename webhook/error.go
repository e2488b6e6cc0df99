package webhook

import (
	"fmt"
	"time"
)

// Reason says which check a call failed. The values are stable.
type Reason string

const (
	// ReasonMissingHeader: a header that the profile needs is not there.
	ReasonMissingHeader Reason = "missing_header"
	// ReasonMalformedHeader: a header is there twice or cannot be read.
	ReasonMalformedHeader Reason = "malformed_header"
	// ReasonTimestampSkew: the call was signed too long ago, or by a clock that
	// is too far ahead.
	ReasonTimestampSkew Reason = "timestamp_skew"
	// ReasonSignatureMismatch: no signature fits the body and a secret.
	ReasonSignatureMismatch Reason = "signature_mismatch"
)

// VerifyError is the error of calls that are not to be trusted. A receiver
// answers them with 401.
//
// To ask for a reason, use errors.As, or errors.Is with a VerifyError of that
// reason: errors.Is(err, &VerifyError{Reason: ReasonTimestampSkew}).
type VerifyError struct {
	Reason Reason
	// Header is the header at fault, as written on the wire.
	Header string
	// Skew is how long ago the call was signed by the receiver's clock, and
	// negative if that lies in its future, in whole seconds. It is set with
	// ReasonTimestampSkew.
	Skew time.Duration

	message string
}

// Error says which check failed and why; never a secret, nor the signature that
// was expected.
func (e *VerifyError) Error() string {
	if e.message == "" {
		return string(e.Reason)
	}
	return e.message
}

// Is reports whether target is a VerifyError of the same reason, and about the
// same header if it names one.
func (e *VerifyError) Is(target error) bool {
	t, ok := target.(*VerifyError)
	return ok && t.Reason == e.Reason && (t.Header == "" || t.Header == e.Header)
}

func missingHeader(name string) error {
	return &VerifyError{Reason: ReasonMissingHeader, Header: name, message: "missing header " + name}
}

func malformedHeader(name, why string) error {
	return &VerifyError{Reason: ReasonMalformedHeader, Header: name, message: "malformed header " + name + ": " + why}
}

func timestampSkew(name string, skew, tolerance time.Duration) error {
	e := &VerifyError{Reason: ReasonTimestampSkew, Header: name, Skew: skew}
	if skew > 0 {
		e.message = fmt.Sprintf("signed %v ago, tolerance %v", skew, tolerance)
	} else {
		e.message = fmt.Sprintf("signed %v in the future, tolerance %v", skew.Abs(), tolerance)
	}
	return e
}

func signatureMismatch(name, why string) error {
	return &VerifyError{Reason: ReasonSignatureMismatch, Header: name, message: "signature mismatch in " + name + ": " + why}
}
