package engine

import (
	"fmt"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// signing is how something is signed from now on: one element, or during a
// rotation one for each time that the secrets in use change. The last one holds
// for ever.
type signing []timedTarget

// timedTarget is how deliveries are sent before a time.
type timedTarget struct {
	dispatch.Target

	until time.Time // zero = for ever
}

// newSigning makes what profile and secrets determine. Previous secrets of a
// form that the profile cannot use, from before it was changed, are left out.
func newSigning(p webhook.Profile, secret string, previous []ringback.PreviousSecret, from time.Time) signing {
	var usable []ringback.PreviousSecret
	for _, old := range previous {
		if p.CheckSecret(old.Secret) == nil {
			usable = append(usable, old)
		}
	}
	var s signing
	for {
		secrets, until := ringback.SigningSecrets(secret, usable, from, p.Several())
		t := dispatch.Target{Profile: p, Schedule: p.Schedule(), Timeout: ringback.DefaultAttemptTimeout}
		t.Signer, t.Unsignable = webhook.NewSigner(p, secrets...)
		s = append(s, timedTarget{t, until})
		if until.IsZero() {
			return s
		}
		from = until
	}
}

// unknownProfile lets attempts fail while there is no profile of that name.
func unknownProfile(name string) signing {
	p := webhook.Profile{Name: name}
	return signing{{Target: dispatch.Target{
		Profile: p, Schedule: p.Schedule(), Timeout: ringback.DefaultAttemptTimeout,
		Unsignable: fmt.Errorf("this server does not know the profile %q", name),
	}}}
}

// at gives what holds at a time.
func (s signing) at(now time.Time) *dispatch.Target {
	for i := range s[:len(s)-1] {
		if now.Before(s[i].until) {
			return &s[i].Target
		}
	}
	return &s[len(s)-1].Target
}

// newCallbackSigning is that of an account's callbacks in a profile.
func newCallbackSigning(p webhook.Profile, a *ringback.Account, from time.Time) signing {
	if p.KeyForm == webhook.KeyWhsk || p.Ed25519Prefix != "" && a.CallbackSignature == ringback.SignatureV1a {
		return newSigning(p, a.SigningKey, a.PreviousSigningKeys, from)
	}
	return newSigning(p, a.Secret, a.PreviousSecrets, from)
}
