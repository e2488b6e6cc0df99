package webhook

import (
	"fmt"
	"net/http"
	"net/textproto"
)

// field is the name of a header: as it is written on the wire, which is how
// people know it, and in the canonical form, which is its key in http.Header.
type field struct{ wire, key string }

var (
	fieldID        = newField(HeaderID)
	fieldTimestamp = newField(HeaderTimestamp)
	fieldAttempt   = newField(HeaderAttempt)
)

func newField(wire string) field {
	return field{wire: wire, key: textproto.CanonicalMIMEHeaderKey(wire)}
}

// set makes value the only one of the field.
func (f field) set(h http.Header, value string) { h[f.key] = []string{value} }

// single returns the value of a field that must be there once.
func (f field) single(h http.Header) (string, error) {
	switch values := h[f.key]; len(values) {
	case 0:
		return "", missingHeader(f.wire)
	case 1:
		return values[0], nil
	default:
		return "", malformedHeader(f.wire, fmt.Sprintf("it is there %d times", len(values)))
	}
}

// hint returns the value of a field that need not be there, and "" if there is
// none or more than one.
func (f field) hint(h http.Header) string {
	if values := h[f.key]; len(values) == 1 {
		return values[0]
	}
	return ""
}
