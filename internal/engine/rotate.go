package engine

import (
	"context"
	"time"

	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// RotateSecretParams say how a signing secret is replaced. A secret that is
// left out is generated. The one before signs for the overlap, a day if it is
// left out, beside the new one where a call has room for several signatures,
// and otherwise alone; with 0 it no longer signs.
type RotateSecretParams struct {
	Secret  Maybe[string]
	Overlap Maybe[time.Duration]
}

// RotateEndpointSecret replaces an endpoint's secret.
func (e *Engine) RotateEndpointSecret(ctx context.Context, accountID, id string, p RotateSecretParams) (*ringback.Endpoint, error) {
	if !ringback.ValidID(ringback.PrefixEndpoint, id) {
		return nil, ringback.NotFound("endpoint", id)
	}
	r, err := p.settle(e.now())
	if err != nil {
		return nil, err
	}
	var ep *ringback.Endpoint
	err = e.usingProfiles(ctx, accountID, func(ctx context.Context, v *view) error {
		ep, err = e.store.UpdateEndpoint(ctx, accountID, id, func(ep *ringback.Endpoint) error {
			profile, err := v.checkProfile("profile", ep.Profile)
			if err != nil {
				return err
			}
			if ep.Signature() == ringback.SignatureV1a {
				if p.Secret.Set {
					return keyIsOurs()
				}
				r.secret = webhook.GenerateSigningKey()
			}
			if err := checkSecret(profile, r.secret); err != nil {
				return err
			}
			ep.UpdatedAt = r.at
			return r.replace(&ep.Secret, &ep.PreviousSecrets)
		})
		e.directory.forget(accountID)
		return found(err, "endpoint", id)
	})
	if err != nil {
		return nil, err
	}
	return ep, nil
}

// RotateAccountSecret replaces what signs an account's callbacks: its secret, or
// with the signature v1a its ed25519 key.
func (e *Engine) RotateAccountSecret(ctx context.Context, id, signature string, p RotateSecretParams) (*ringback.Account, error) {
	if !ringback.ValidID(ringback.PrefixAccount, id) {
		return nil, ringback.NotFound("account", id)
	}
	r, err := p.settle(e.now())
	if err != nil {
		return nil, err
	}
	if err := checkSignature("signature", signature); err != nil {
		return nil, err
	}
	if signature == ringback.SignatureV1a {
		if p.Secret.Set {
			return nil, keyIsOurs()
		}
		r.secret = webhook.GenerateSigningKey()
	}
	a, err := e.store.UpdateAccount(ctx, id, func(a *ringback.Account) error {
		a.UpdatedAt = r.at
		if signature == ringback.SignatureV1a {
			return r.replace(&a.SigningKey, &a.PreviousSigningKeys)
		}
		return r.replace(&a.Secret, &a.PreviousSecrets)
	})
	e.directory.forget(id)
	if err != nil {
		return nil, found(err, "account", id)
	}
	return a, nil
}

// rotation is a RotateSecretParams with its defaults.
type rotation struct {
	secret  string
	overlap time.Duration
	at      time.Time
}

func (p *RotateSecretParams) settle(at time.Time) (r rotation, err error) {
	r.overlap, r.at = ringback.DefaultOverlap, at
	if p.Overlap.Set {
		r.overlap = p.Overlap.Value
	}
	if r.overlap < 0 || r.overlap > ringback.MaxOverlap {
		return r, ringback.Invalid("overlap_seconds", "%d is not between 0 and %d",
			int64(r.overlap/time.Second), int64(ringback.MaxOverlap/time.Second))
	}
	if p.Secret.Set && p.Secret.Null {
		return r, ringback.Invalid("secret", "a rotation needs a secret: leave it out to have one generated")
	}
	r.secret, err = newSecret(p.Secret)
	return r, err
}

// replace puts the new secret into the place of the current one.
func (r *rotation) replace(current *string, previous *[]ringback.PreviousSecret) error {
	if *current == r.secret {
		return ringback.Invalid("secret", "it is the present one")
	}
	if *current == "" {
		r.overlap = 0 // what was unsigned is signed from now on
	}
	kept := ringback.Rotated(*previous, *current, r.at, r.overlap)
	if len(kept) > ringback.MaxPreviousSecrets {
		return ringback.Invalid("overlap_seconds",
			"%d earlier secrets still sign; wait until %s, or say 0 to have the new one alone sign at once",
			ringback.MaxPreviousSecrets, kept[0].Until.Format(time.RFC3339))
	}
	*current, *previous = r.secret, kept
	return nil
}
