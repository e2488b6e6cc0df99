package engine

import (
	"errors"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// checkURL says whether a customer's URL may be called.
func (e *Engine) checkURL(field, raw string) error {
	err := e.egress.CheckURL(raw)
	if err == nil {
		return nil
	}
	if u, ok := errors.AsType[*egress.URLError](err); ok {
		return ringback.Invalid(field, "%s", u.Reason)
	}
	return ringback.Invalid(field, "%v", err)
}

// checkEventType checks the name of an event or of a job's type.
func checkEventType(field, name string) error {
	if ringback.ValidEventType(name) {
		return nil
	}
	return ringback.Invalid(field, "%q does not match [A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)* with at most %d characters",
		shorten(name), ringback.MaxEventType)
}

func checkPatterns(field string, patterns []string) error {
	if len(patterns) == 0 {
		return ringback.Invalid(field, `name at least one event type; ["*"] subscribes to all`)
	}
	if len(patterns) > ringback.MaxEventPatterns {
		return ringback.Invalid(field, "%d patterns are too many; at most %d are allowed", len(patterns), ringback.MaxEventPatterns)
	}
	for _, p := range patterns {
		if !ringback.ValidEventPattern(p) {
			return ringback.Invalid(field, `%q is neither an event type, nor "prefix.*", nor "*"`, shorten(p))
		}
	}
	return nil
}

// checkText checks a text that people read or look for: valid, printable, of
// bounded length.
func checkText(field, text string, limit int) error {
	if len(text) > limit {
		return ringback.Invalid(field, "it has %d bytes; at most %d are allowed", len(text), limit)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return ringback.Invalid(field, "it contains control characters or is not UTF-8")
	}
	return nil
}

func checkName(name string, required bool) error {
	if required && strings.TrimSpace(name) == "" {
		return ringback.Invalid("name", "a name is needed, to tell it from others")
	}
	return checkText("name", name, ringback.MaxNameLength)
}

func checkSchedule(field string, schedule []time.Duration) error {
	if len(schedule) > ringback.MaxRetries {
		return ringback.Invalid(field, "%d retries are too many; at most %d are allowed", len(schedule), ringback.MaxRetries)
	}
	for _, d := range schedule {
		if d < 0 {
			return ringback.Invalid(field, "a delay cannot be negative: %s", d)
		}
		if d > ringback.MaxRetryDelay {
			return ringback.Invalid(field, "the delay %s is longer than %s", d, ringback.MaxRetryDelay)
		}
	}
	return nil
}

func checkTimeout(field string, d, limit time.Duration) error {
	if d < time.Second || d > limit {
		return ringback.Invalid(field, "%d is not between 1 and %d", int64(d/time.Second), int64(limit/time.Second))
	}
	return nil
}

// checkSpan checks the bounds of a filter.
func checkSpan(since, until time.Time) error {
	if !since.IsZero() && !until.IsZero() && until.Before(since) {
		return ringback.Invalid("until", "it is before since")
	}
	return nil
}

// ownHeaders are the names that every built-in profile sets, in canonical form.
var ownHeaders = sync.OnceValue(func() map[string]string {
	own := make(map[string]string)
	for _, p := range webhook.Profiles() {
		for _, h := range p.Headers() {
			own[textproto.CanonicalMIMEHeaderKey(h)] = p.Name
		}
	}
	return own
})

// hopByHop are the headers that concern a connection, not the request
// (RFC 9110, 7.6.1), and those that the client decides itself.
var hopByHop = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Proxy-Authenticate": true,
	"Proxy-Authorization": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
	"Http2-Settings": true, "Expect": true, "Accept-Encoding": true,
}

// checkHeaders checks an endpoint's custom headers and gives them with
// canonical names.
func checkHeaders(headers map[string]string) (map[string]string, error) {
	if len(headers) > ringback.MaxEndpointHeaders {
		return nil, ringback.Invalid("headers", "%d are too many; at most %d are allowed", len(headers), ringback.MaxEndpointHeaders)
	}
	canonical := make(map[string]string, len(headers))
	for name, value := range headers {
		field := "headers." + shorten(name)
		if !validHeaderName(name) {
			return nil, ringback.Invalid(field, "%q is not a header name", shorten(name))
		}
		key := http.CanonicalHeaderKey(name)
		if err := checkHeaderUse(field, key); err != nil {
			return nil, err
		}
		if err := checkHeaderValue(field, value); err != nil {
			return nil, err
		}
		if _, twice := canonical[key]; twice {
			return nil, ringback.Invalid(field, "%s is given twice; header names have no case", key)
		}
		canonical[key] = value
	}
	return canonical, nil
}

// checkNotOwn checks that an endpoint's headers are none that its profile sets:
// of a profile that gets such a header later, ours replaces the customer's.
func checkNotOwn(headers map[string]string, p webhook.Profile) error {
	for _, key := range p.Headers() {
		if _, taken := headers[key]; taken {
			return ringback.Invalid("headers."+key, "%s is set by the profile %s", key, p.Name)
		}
	}
	return nil
}

func checkHeaderUse(field, key string) error {
	switch profile, taken := ownHeaders()[key]; {
	case key == "Host", strings.HasPrefix(key, "Content-"):
		return ringback.Invalid(field, "%s follows from the request and cannot be set", key)
	case hopByHop[key]:
		return ringback.Invalid(field, "%s concerns the connection and cannot be set", key)
	case key == "Traceparent", key == "Tracestate":
		return ringback.Invalid(field, "%s is Ringback's own: it carries on the trace of what led to the call", key)
	case strings.HasPrefix(key, "Webhook-"):
		return ringback.Invalid(field, "names that begin with webhook- are Ringback's own")
	case taken:
		return ringback.Invalid(field, "%s is set by the profile %s", key, profile)
	}
	return nil
}

// checkHeaderValue allows visible ASCII, with spaces and tabs within.
func checkHeaderValue(field, value string) error {
	if len(value) > ringback.MaxHeaderValue {
		return ringback.Invalid(field, "the value has %d bytes; at most %d are allowed", len(value), ringback.MaxHeaderValue)
	}
	if strings.Trim(value, " \t") != value {
		return ringback.Invalid(field, "the value begins or ends with white space")
	}
	for i := range len(value) {
		if c := value[i]; c != '\t' && (c < ' ' || c > '~') {
			return ringback.Invalid(field, "the value has a character other than visible ASCII at position %d", i)
		}
	}
	return nil
}

// validHeaderName says whether a name is a token (RFC 9110, 5.6.2).
func validHeaderName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letterOrDigit := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letterOrDigit && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return true
}

// shorten keeps what is quoted in an error to a readable length.
func shorten(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
