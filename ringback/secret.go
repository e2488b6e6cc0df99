package ringback

import (
	"slices"
	"time"
)

// Kinds of signatures of the profile standard.
const (
	SignatureV1  = "v1"  // HMAC-SHA256 with a secret that both sides have
	SignatureV1a = "v1a" // ed25519: the receiver has the public key alone
)

// SigningKeyPrefix begins every ed25519 key that signs. It is never shown to
// anybody.
const SigningKeyPrefix = "whsk_"

// Limits of a rotation.
const (
	DefaultOverlap     = 24 * time.Hour
	MaxOverlap         = 30 * 24 * time.Hour
	MaxPreviousSecrets = 5
)

// PreviousSecret is a signing secret that was rotated out and signs until a
// time.
type PreviousSecret struct {
	Secret string
	Until  time.Time
}

// Rotated gives the previous secrets once the current one is replaced, the
// oldest first: it signs for the overlap, and none of them for longer. Those
// that are over are dropped.
func Rotated(previous []PreviousSecret, current string, at time.Time, overlap time.Duration) []PreviousSecret {
	if overlap <= 0 {
		return nil
	}
	until := at.Add(overlap)
	var kept []PreviousSecret
	for _, p := range previous {
		if p.Until.After(at) {
			kept = append(kept, PreviousSecret{p.Secret, earlier(p.Until, until)})
		}
	}
	return append(kept, PreviousSecret{current, until})
}

// SigningSecrets says what signs at a time, and until when that holds (zero =
// until the next change). Where a call has room for several signatures, the
// current secret signs and with it, the newest first, every previous one that
// still may. Otherwise the oldest one that still may signs alone, so that a
// receiver can install the new one before it is used.
func SigningSecrets(current string, previous []PreviousSecret, at time.Time, several bool) (secrets []string, until time.Time) {
	if current != "" {
		secrets = append(secrets, current)
	}
	for _, p := range slices.Backward(previous) {
		if !p.Until.After(at) {
			continue
		}
		secrets = append(secrets, p.Secret)
		if until.IsZero() || p.Until.Before(until) {
			until = p.Until
		}
	}
	if !several && len(secrets) > 1 {
		secrets = secrets[len(secrets)-1:]
	}
	return secrets, until
}

// PreviousUntil is when the last previous secret stops signing; zero if none
// does at the time.
func PreviousUntil(previous []PreviousSecret, at time.Time) (until time.Time) {
	for _, p := range previous {
		if p.Until.After(at) && p.Until.After(until) {
			until = p.Until
		}
	}
	return until
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
