package ringback

import (
	"encoding/json"
	"strings"
	"time"
)

// Event is an immutable fact: published by an operator's customer, or made by
// a job that finished.
type Event struct {
	ID         string
	AccountID  string
	Type       string
	ResourceID string          // what it is about; "" = nothing named, or the job itself
	Data       json.RawMessage // what was published (an object, or nil); nil for a job's event: its data is the job
	JobID      string          // the job whose outcome this is, or ""
	// OnlyEndpoint is the one endpoint that a test call is for; "" = all that
	// subscribe.
	OnlyEndpoint string
	TraceParent  string // of what made the event (W3C Trace Context), or ""
	CreatedAt    time.Time
}

// MessageID is what webhook-id carries: the same for every endpoint, retry and
// recovery of the event.
func (e *Event) MessageID() string { return Rekind(PrefixMessage, e.ID) }

// MaxEventType is the length limit of event types, patterns and job types.
const MaxEventType = 128

// ValidEventType says whether s matches [A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)* and
// has at most 128 characters. Job types follow the same rule.
func ValidEventType(s string) bool {
	if s == "" || len(s) > MaxEventType {
		return false
	}
	last := byte('.')
	for i := range len(s) {
		c := s[i]
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', c == '-':
		case c == '.' && last != '.':
		default:
			return false
		}
		last = c
	}
	return last != '.'
}

// ValidEventPattern says whether s is "*", an event type, or "prefix.*".
func ValidEventPattern(s string) bool {
	if s == "*" {
		return true
	}
	if len(s) > MaxEventType {
		return false
	}
	prefix, _ := strings.CutSuffix(s, ".*")
	return ValidEventType(prefix)
}

// MatchEventType says whether a valid pattern covers an event type.
func MatchEventType(pattern, eventType string) bool {
	if pattern == "*" || pattern == eventType {
		return true
	}
	prefix, ok := strings.CutSuffix(pattern, "*")
	return ok && strings.HasPrefix(eventType, prefix)
}
