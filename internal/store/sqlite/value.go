package sqlite

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// afterEveryID sorts after every id: they are made of lower-case letters,
// digits and "_".
const afterEveryID = "~"

// scanner is a row of a result.
type scanner interface{ Scan(dest ...any) error }

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}

func fromDuration(micros int64) time.Duration { return time.Duration(micros) * time.Microsecond }

// blob keeps nil as NULL.
func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// oneLine keeps a header's value from looking like two headers.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// encodeHeader writes one "Name: value" line for each value. JSON would not
// do: a receiver may send bytes that are not UTF-8.
func encodeHeader(h http.Header) []byte {
	if h == nil {
		return nil
	}
	return appendHeader(make([]byte, 0, 512), h)
}

func appendHeader(b []byte, h http.Header) []byte {
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

func appendLine(b []byte, text string) []byte {
	if strings.ContainsAny(text, "\r\n") {
		text = oneLine.Replace(text)
	}
	return append(b, text...)
}

func decodeHeader(b []byte) http.Header {
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
