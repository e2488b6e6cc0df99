package engine

import (
	"context"
	"slices"
	"time"

	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// PublicKey is what receivers verify ed25519 signatures with.
type PublicKey struct {
	ID    string    // kid: names the key, and tells nothing else
	Text  string    // whpk_…
	Until time.Time // of one that was rotated out; zero otherwise
}

// PublicKeys gives the public keys of an account, those that sign now before
// those that were rotated out and still may.
func (e *Engine) PublicKeys(ctx context.Context, accountID string) ([]PublicKey, error) {
	if !ringback.ValidID(ringback.PrefixAccount, accountID) {
		return nil, ringback.NotFound("account", shorten(accountID))
	}
	v, err := e.viewOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	at := e.now()
	return slices.DeleteFunc(slices.Clone(v.publicKeys()), func(k PublicKey) bool {
		return !k.Until.IsZero() && !k.Until.After(at)
	}), nil
}

// findPublicKeys derives the keys, which takes a while if there are many.
func (v *view) findPublicKeys() []PublicKey {
	var present, previous []PublicKey
	add := func(current string, rotatedOut []ringback.PreviousSecret) {
		if k, ok := PublicKeyOf(current); ok {
			present = append(present, k)
		}
		for _, old := range slices.Backward(rotatedOut) {
			if k, ok := PublicKeyOf(old.Secret); ok {
				k.Until = old.Until
				previous = append(previous, k)
			}
		}
	}
	add(v.account.SigningKey, v.account.PreviousSigningKeys)
	for _, ep := range v.endpoints {
		add(ep.Secret, ep.PreviousSecrets)
	}
	return append(present, previous...)
}

// PublicKeyOf gives the public key of a secret that has one.
func PublicKeyOf(secret string) (PublicKey, bool) {
	text, err := webhook.PublicKey(secret)
	if err != nil {
		return PublicKey{}, false
	}
	id, err := webhook.KeyID(text)
	return PublicKey{ID: id, Text: text}, err == nil
}
