package client

import (
	"context"
	"net/http"
	"time"
)

// Secret is a signing secret.
type Secret struct {
	Secret string `json:"secret"` // "" = calls are not signed
	// PreviousSecretUntil is until when, during a rotation, a previous secret
	// signs: beside this one where a call has room for several signatures,
	// otherwise alone. Zero: it does not.
	PreviousSecretUntil time.Time `json:"previous_secret_until"`
	VerifyingKey
}

// VerifyingKey is what receivers verify ed25519 signatures with. The key that signs
// stays with the server.
type VerifyingKey struct {
	PublicKey string `json:"public_key"` // whpk_…; "" = there is none
	KeyID     string `json:"kid"`        // names it
}

// RotateSecretParams replace a signing secret.
type RotateSecretParams struct {
	Secret Optional[string] `json:"secret,omitzero"` // left out = generated
	// OverlapSeconds is for how long the present secret goes on signing; left out
	// = a day, 0 = it no longer signs.
	OverlapSeconds Optional[int] `json:"overlap_seconds,omitzero"`
}

// RotateAccountSecretParams replace what signs an account's callbacks.
type RotateAccountSecretParams struct {
	RotateSecretParams

	Signature string `json:"signature,omitempty"` // what is replaced: "v1", or "", the secret; "v1a" the ed25519 key
}

// GetEndpointSecret reveals what an endpoint's calls are signed with.
func (c *Client) GetEndpointSecret(ctx context.Context, id string) (*Secret, error) {
	return get[Secret](ctx, c, under(endpointsPath, id, "/secret"))
}

// RotateEndpointSecret replaces what an endpoint's calls are signed with.
func (c *Client) RotateEndpointSecret(ctx context.Context, id string, p RotateSecretParams) (*Secret, error) {
	return change[Secret](ctx, c, http.MethodPost, under(endpointsPath, id, "/secret/rotate"), p)
}

// GetOwnAccountSecret reveals what the account's callbacks are signed with.
func (c *Client) GetOwnAccountSecret(ctx context.Context) (*Secret, error) {
	return get[Secret](ctx, c, ownAccountPath+"/secret")
}

// RotateOwnAccountSecret replaces what the account's callbacks are signed with.
func (c *Client) RotateOwnAccountSecret(ctx context.Context, p RotateAccountSecretParams) (*Secret, error) {
	return change[Secret](ctx, c, http.MethodPost, ownAccountPath+"/secret/rotate", p)
}

// RotateAccountSecret replaces what an account's callbacks are signed with. It
// needs an operator's key.
func (c *Client) RotateAccountSecret(ctx context.Context, id string, p RotateAccountSecretParams) (*Secret, error) {
	return change[Secret](ctx, c, http.MethodPost, under(accountsPath, id, "/secret/rotate"), p)
}
