package ringback

import (
	"strings"
	"time"
)

// Defaults and limits of endpoints.
const (
	DefaultAttemptTimeout = 15 * time.Second
	MaxAttemptTimeout     = 60 * time.Second
	MaxEndpointHeaders    = 20
	MaxHeaderValue        = 1024
	MaxEventPatterns      = 200
	MaxRetries            = 50
	MaxRetryDelay         = 7 * 24 * time.Hour
	MaxNameLength         = 256
	MaxSecretLength       = 512
	MaxEndpoints          = 1000 // of one account
	MaxRateLimit          = 10_000
	MinRateLimit          = 0.001
)

// Why an endpoint is disabled.
const (
	DisabledByCustomer = "disabled by its owner"
	DisabledGone       = "the receiver answered 410 Gone"
	DisabledFailing    = "every attempt failed for five days"
)

// Endpoint is a customer's webhook subscription. URL, profile, secret, headers
// and timeout are read at each attempt; what is pending follows a change.
type Endpoint struct {
	ID              string
	AccountID       string
	Name            string
	URL             string
	EventTypes      []string // patterns
	Profile         string
	Secret          string           // in plain; "" = calls are unsigned. The store keeps it sealed.
	PreviousSecrets []PreviousSecret // the oldest first; sealed, too
	IncludeResult   bool
	Enabled         bool
	DisabledReason  string            // "" while enabled
	DisabledAt      time.Time         // zero while enabled
	Headers         map[string]string // canonical names; sent with every request
	RetrySchedule   []time.Duration   // nil = the profile's; empty = no retry
	Timeout         time.Duration     // of one whole attempt
	RateLimit       float64           // attempts a second; 0 = no limit
	FailingSince    time.Time         // when the current row of failures began; zero after a success
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Signature is how calls of the profile standard are signed: the secret says.
func (e *Endpoint) Signature() string {
	if strings.HasPrefix(e.Secret, SigningKeyPrefix) {
		return SignatureV1a
	}
	return SignatureV1
}

// Subscribes says whether any of the endpoint's patterns covers the type.
func (e *Endpoint) Subscribes(eventType string) bool {
	for _, p := range e.EventTypes {
		if MatchEventType(p, eventType) {
			return true
		}
	}
	return false
}
