package cli

import (
	"encoding/json"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/webhook"
)

// customProfile reads a wire format from what `profiles get --json` prints.
// Custom ones have one signature in the header, with the secret as it is for an
// HMAC and a key of its own form for ed25519.
func (in *inputs) customProfile(path string) (webhook.Profile, error) {
	raw, err := in.file("--profile", path, maxInput)
	if err != nil {
		return webhook.Profile{}, err
	}
	var c client.Profile
	if err := json.Unmarshal(raw, &c); err != nil {
		return webhook.Profile{}, wrongUse("--profile @%s is no profile: %w; `ringback profiles get NAME --json` prints one", path, err)
	}
	if p, ok := webhook.Lookup(c.Name); ok {
		return p, nil
	}
	p := webhook.Profile{
		Name: c.Name, Shape: webhook.Shape(c.Shape), SignatureHeader: c.Header, UserAgent: c.UserAgent,
		Content: webhook.Content(c.Content), Algorithm: webhook.Algorithm(c.Algorithm), KeyForm: webhook.KeyText,
		Encoding: webhook.Encoding(c.Encoding), Prefix: c.Prefix, Layout: webhook.LayoutOne, Unsigned: true,
	}
	if p.Algorithm == webhook.AlgorithmEd25519 {
		p.KeyForm, p.Unsigned = webhook.KeyWhsk, false
	}
	if err := p.Check(); err != nil {
		return p, wrongUse("--profile @%s: %w; `ringback profiles get NAME --json` prints one", path, err)
	}
	return p, nil
}
