package ringback

import (
	"strings"
	"time"
)

// Limits of custom profiles.
const (
	MaxProfiles    = 100 // of one owner
	MaxProfileName = 64
)

// CustomProfile is a wire format that an account, or the operator, made of the
// parts that there are (docs/profiles.md, "Custom profiles"). The words are those
// of webhook.Profile, which the engine makes of it.
type CustomProfile struct {
	AccountID string // its owner; "" = the operator, and it holds for every account
	Name      string
	Shape     string // of the body
	Header    string // the signature's
	Algorithm string
	Encoding  string // of the signature
	Prefix    string // before the signature
	Content   string // what is signed

	IncludeResult bool            // unless an endpoint says otherwise
	RetrySchedule []time.Duration // nil = the default; empty = no retry
	UserAgent     string          // "" = the server's own
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// ValidProfileName says whether a profile can have that name.
func ValidProfileName(name string) bool {
	bad := func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	return name != "" && len(name) <= MaxProfileName && !strings.ContainsFunc(name, bad)
}
