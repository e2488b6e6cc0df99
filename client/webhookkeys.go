package client

import (
	"context"
	"net/url"
	"time"
)

// WebhookKey is what receivers of an account's calls verify v1a signatures with.
type WebhookKey struct {
	KeyID     string    `json:"kid"`
	Algorithm string    `json:"algorithm"`  // "ed25519"
	PublicKey string    `json:"public_key"` // whpk_…
	ExpiresAt time.Time `json:"expires_at"` // until when it signs, if it was rotated out; zero otherwise
}

// GetWebhookKeys gives an account's public keys. It needs no API key.
func (c *Client) GetWebhookKeys(ctx context.Context, accountID string) ([]WebhookKey, error) {
	answer, err := get[struct {
		Keys []WebhookKey `json:"keys"`
	}](ctx, c, "/.well-known/webhook-keys.json?"+url.Values{"account": {accountID}}.Encode())
	if err != nil {
		return nil, err
	}
	return answer.Keys, nil
}
