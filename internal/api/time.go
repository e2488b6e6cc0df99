package api

import (
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/ringback"
)

// Instant is a time as answers show it: RFC 3339, UTC, microseconds.
type Instant struct{ time.Time }

// MarshalJSON writes the time.
func (i Instant) MarshalJSON() ([]byte, error) {
	return i.append(nil), nil
}

func (i Instant) append(b []byte) []byte {
	b = append(b, '"')
	b = body.AppendTime(b, i.Time, 6)
	return append(b, '"')
}

// Schema is that of a time.
func (Instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-01-02T15:04:05.000000Z"}}
}

// checkTime refuses times that no job or event can have.
func checkTime(field string, t time.Time) error {
	if t.Before(time.UnixMicro(0)) {
		return ringback.Invalid(field, "%s is before 1970", t.Format(time.RFC3339))
	}
	return nil
}

// seconds is a duration in whole seconds.
func seconds(d time.Duration) int { return int(d / time.Second) }

// ofSeconds is a number of seconds as a duration.
func ofSeconds(n int) time.Duration { return time.Duration(n) * time.Second }

// delayText writes a delay as briefly as it can be read: 5m, not 5m0s.
func delayText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
