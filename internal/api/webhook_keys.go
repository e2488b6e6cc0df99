package api

import (
	"context"
	"net/http"

	"github.com/ringback/ringback/ringback"
)

// WebhookKeys are the public keys of an account.
type WebhookKeys struct {
	Keys []WebhookKey `json:"keys" doc:"Those in use first"`
}

// WebhookKey is what receivers verify v1a signatures with.
type WebhookKey struct {
	KeyID     string  `json:"kid" doc:"Names the key"`
	Algorithm string  `json:"algorithm" enum:"ed25519"`
	PublicKey string  `json:"public_key" doc:"whpk_ and the base64 of 32 bytes"`
	ExpiresAt Instant `json:"expires_at,omitzero" doc:"Until when it signs, if it was rotated out"`
}

type getWebhookKeysInput struct {
	Account string `query:"account" required:"true" doc:"The id of the account"`
}

type getWebhookKeysOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         WebhookKeys
}

// keysMaxAge lets receivers, and what is between, keep the keys for a while that
// is short beside the overlap of a rotation.
const keysMaxAge = "public, max-age=300"

func (a *API) getWebhookKeys(ctx context.Context, in *getWebhookKeysInput) (*getWebhookKeysOutput, error) {
	keys, err := a.engine.PublicKeys(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	out := &getWebhookKeysOutput{CacheControl: keysMaxAge, Body: WebhookKeys{Keys: make([]WebhookKey, len(keys))}}
	for i, k := range keys {
		out.Body.Keys[i] = WebhookKey{KeyID: k.ID, Algorithm: "ed25519", PublicKey: k.Text, ExpiresAt: Instant{k.Until}}
	}
	return out, nil
}

func (a *API) registerWebhookKeys() {
	register(a, operation{
		ID: "getWebhookKeys", Method: http.MethodGet, Path: "/.well-known/webhook-keys.json", Tag: "receivers", Status: http.StatusOK,
		Summary:  "Public keys of v1a signatures",
		Text:     "What receivers of an account's calls verify ed25519 signatures with. It needs no key. A receiver may keep the answer for five minutes, and asks again when no key that it has verifies a call.",
		Codes:    []ringback.Code{ringback.CodeNotFound, ringback.CodeUnavailable},
		Response: `{"keys": [{"kid": "xTm1nHYz0q3D", "algorithm": "ed25519", "public_key": "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}]}`,
	}, a.getWebhookKeys)
}
