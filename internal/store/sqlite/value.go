package sqlite

import (
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/store/columns"
)

const afterEveryID = columns.AfterEveryID

// scanner is a row of a result.
type scanner = columns.Scanner

func micros(t time.Time) int64 { return columns.Micros(t) }

func fromMicros(v int64) time.Time { return columns.FromMicros(v) }

func fromDuration(micros int64) time.Duration { return columns.FromDuration(micros) }

// blob keeps nil as NULL.
func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

func encodeHeader(h http.Header) []byte { return columns.EncodeHeader(h) }

func decodeHeader(b []byte) http.Header { return columns.DecodeHeader(b) }
