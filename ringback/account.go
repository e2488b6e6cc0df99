package ringback

import (
	"slices"
	"time"
)

// Account is a customer of the operator: it owns jobs, events, endpoints and
// deliveries, and sees nothing of others.
type Account struct {
	ID              string
	Name            string
	CallbackProfile string
	Secret          string           // signs callbacks, in plain; "" = unsigned. The store keeps it sealed.
	PreviousSecrets []PreviousSecret // the oldest first; sealed, too

	// CallbackSignature is how callbacks of the profile standard are signed:
	// SignatureV1 with Secret, or SignatureV1a with SigningKey.
	CallbackSignature   string
	SigningKey          string // whsk_…; "" until it is needed. Sealed, too.
	PreviousSigningKeys []PreviousSecret

	CreatedAt time.Time
	UpdatedAt time.Time
}

// OperatorAccountID is the id of the operator's own account, whose endpoints are
// told of what happens to the others'. It is there in every store
// that a server opened, and in no list.
const OperatorAccountID = "acc_0000000001r010000000000000"

// DefaultCallbackProfile is the callback profile of a new account.
const DefaultCallbackProfile = "standard"

// Scope is a permission of a key.
type Scope string

// The scopes.
const (
	ScopeJobsRead        Scope = "jobs:read"
	ScopeJobsWrite       Scope = "jobs:write"
	ScopeJobsWork        Scope = "jobs:work" // lease, heartbeat, complete, fail
	ScopeEventsRead      Scope = "events:read"
	ScopeEventsWrite     Scope = "events:write"
	ScopeEndpointsRead   Scope = "endpoints:read"
	ScopeEndpointsWrite  Scope = "endpoints:write"
	ScopeDeliveriesRead  Scope = "deliveries:read"
	ScopeDeliveriesWrite Scope = "deliveries:write"
	ScopeAccountRead     Scope = "account:read"
	ScopeAccountWrite    Scope = "account:write"
	ScopeSecretsRead     Scope = "secrets:read"
)

// Scopes lists every scope.
func Scopes() []Scope {
	return []Scope{
		ScopeJobsRead, ScopeJobsWrite, ScopeJobsWork, ScopeEventsRead, ScopeEventsWrite,
		ScopeEndpointsRead, ScopeEndpointsWrite, ScopeDeliveriesRead, ScopeDeliveriesWrite,
		ScopeAccountRead, ScopeAccountWrite, ScopeSecretsRead,
	}
}

// DefaultScopes are those of a key that was made without scopes: all for the
// operator, all but jobs:work for an account.
func DefaultScopes(operator bool) []Scope {
	all := Scopes()
	if operator {
		return all
	}
	return slices.DeleteFunc(all, func(s Scope) bool { return s == ScopeJobsWork })
}

// Key is an API key, without the secret part: that is kept as a hash alone.
type Key struct {
	ID        string
	AccountID string // "" = an operator's key
	Name      string
	Scopes    []Scope
	CreatedAt time.Time
}

// Operator says whether the key acts for the operator.
func (k *Key) Operator() bool { return k.AccountID == "" }

// Has says whether the key has the scope.
func (k *Key) Has(s Scope) bool { return slices.Contains(k.Scopes, s) }

// WeakSecret says whether a secret is so short that guessing it is feasible.
// Such a secret is allowed, since customers have them, but flagged.
func WeakSecret(secret string) bool { return secret != "" && len(secret) < 16 }
