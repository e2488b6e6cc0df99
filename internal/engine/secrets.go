package engine

import (
	"strings"

	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// checkSecret says whether a secret, "" being none, serves a profile.
func checkSecret(p webhook.Profile, secret string) error {
	switch {
	case secret == "" && p.SecretRequired():
		return ringback.Invalid("secret", "the profile %s always signs: null is not possible; leave secret out to have one generated", p.Name)
	case secret == "":
		return nil
	}
	if err := p.CheckSecret(secret); err != nil {
		return ringback.Invalid("secret", "%v", err)
	}
	return nil
}

// checkGiven checks a secret that its owner chose: a text. Keys that sign with
// ed25519 are made here and never leave, so that nobody has both halves.
func checkGiven(secret string) error {
	switch {
	case secret == "":
		return ringback.Invalid("secret", `"" is not a secret; leave it out to have one generated, or say null for unsigned calls`)
	case len(secret) > ringback.MaxSecretLength:
		return ringback.Invalid("secret", "it has %d bytes; at most %d are allowed", len(secret), ringback.MaxSecretLength)
	case strings.HasPrefix(secret, ringback.SigningKeyPrefix):
		return ringback.Invalid("secret", "a key that signs with ed25519 is made by the server and stays there: say \"v1a\" instead and leave the secret out")
	}
	return nil
}

// newSecret settles a secret: generated if it is left out.
func newSecret(m Maybe[string]) (string, error) {
	switch {
	case !m.Set:
		return webhook.GenerateSecret(), nil
	case m.Null:
		return "", nil
	default:
		return m.Value, checkGiven(m.Value)
	}
}

// newEndpointSecret settles what signs an endpoint's calls. A signature "" is
// what the profile has by itself.
func newEndpointSecret(p webhook.Profile, signature string, m Maybe[string]) (string, error) {
	asymmetric, err := isAsymmetric(p, signature)
	switch {
	case err != nil:
		return "", err
	case !asymmetric:
		return newSecret(m)
	case m.Set:
		return "", keyIsOurs()
	default:
		return webhook.GenerateSigningKey(), nil
	}
}

func keyIsOurs() error {
	return ringback.Invalid("secret", "calls are signed with an ed25519 key that the server makes and keeps; leave secret out, and give receivers the public key")
}

// isAsymmetric says whether calls are signed with ed25519.
func isAsymmetric(p webhook.Profile, signature string) (bool, error) {
	if err := checkSignature("signature", signature); err != nil {
		return false, err
	}
	switch {
	case p.KeyForm == webhook.KeyWhsk && signature == ringback.SignatureV1:
		return false, ringback.Invalid("signature", "the profile %s signs with ed25519 alone, which is v1a", p.Name)
	case p.KeyForm == webhook.KeyWhsk:
		return true, nil
	case signature == ringback.SignatureV1a && p.Ed25519Prefix == "":
		return false, ringback.Invalid("signature", "the profile %s signs with a secret; v1a is for the profile standard", p.Name)
	}
	return signature == ringback.SignatureV1a, nil
}

// checkSignature checks the name of a kind of signature, "" being the default.
func checkSignature(field, signature string) error {
	switch signature {
	case "", ringback.SignatureV1, ringback.SignatureV1a:
		return nil
	}
	return ringback.Invalid(field, "%q is neither %q nor %q", shorten(signature), ringback.SignatureV1, ringback.SignatureV1a)
}

// applySecret changes what signs an endpoint's calls, at once.
func (p *UpdateEndpointParams) applySecret(ep *ringback.Endpoint, profile webhook.Profile) error {
	had := ep.Signature() == ringback.SignatureV1a
	asymmetric, err := isAsymmetric(profile, p.Signature.Value)
	if err != nil {
		return err
	}
	asymmetric = asymmetric || had && !p.Signature.Set
	if !p.Secret.Set && asymmetric == had {
		return checkSecret(profile, ep.Secret)
	}
	signature := ringback.SignatureV1
	if asymmetric {
		signature = ringback.SignatureV1a
	}
	secret, err := newEndpointSecret(profile, signature, p.Secret)
	if err != nil {
		return err
	}
	ep.Secret, ep.PreviousSecrets = secret, nil // only a rotation overlaps
	return checkSecret(profile, secret)
}
