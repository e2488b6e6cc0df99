// Package columns is how the drivers of the store keep values in columns.
package columns

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// AfterEveryID sorts after every id: they are made of lower-case letters,
// digits and "_".
const AfterEveryID = "~"

// Micros gives microseconds since 1970 UTC, 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the inverse of Micros.
func FromMicros(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}

// FromDuration gives the duration of so many microseconds.
func FromDuration(micros int64) time.Duration { return time.Duration(micros) * time.Microsecond }

// oneLine keeps a header's value from looking like two headers.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// EncodeHeader writes one "Name: value" line for each value; nil stays nil. JSON
// would not do: a receiver may send bytes that are not UTF-8.
func EncodeHeader(h http.Header) []byte {
	if h == nil {
		return nil
	}
	return AppendHeader(make([]byte, 0, 512), h)
}

// AppendHeader appends what EncodeHeader gives.
func AppendHeader(b []byte, h http.Header) []byte {
	for name, values := range h {
		for _, v := range values {
			b = appendLine(b, name)
			b = append(b, ": "...)
			b = appendLine(b, v)
			b = append(b, '\n')
		}
	}
	return b
}

// appendLine asks first: hardly any text has more than one line.
func appendLine(b []byte, text string) []byte {
	if strings.ContainsAny(text, "\r\n") {
		text = oneLine.Replace(text)
	}
	return append(b, text...)
}

// DecodeHeader is the inverse of EncodeHeader.
func DecodeHeader(b []byte) http.Header {
	if b == nil {
		return nil
	}
	h := http.Header{}
	for line := range bytes.Lines(b) {
		name, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(": "))
		h[string(name)] = append(h[string(name)], string(value))
	}
	return h
}
