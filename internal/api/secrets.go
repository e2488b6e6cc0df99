package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// VerifyingKey is what receivers verify ed25519 signatures with.
type VerifyingKey struct {
	PublicKey string `json:"public_key,omitempty" doc:"What receivers verify ed25519 signatures with: whpk_ and the base64 of 32 bytes"`
	KeyID     string `json:"kid,omitempty" doc:"Names the public key"`
}

// Secret reveals a signing secret, or the public key of one that is never shown.
type Secret struct {
	Secret              *string `json:"secret" doc:"null if calls are not signed, or signed with a key that stays here"`
	PreviousSecretUntil Instant `json:"previous_secret_until,omitzero" doc:"While a rotation is under way: until when a previous secret signs, beside this one where a call has room for several signatures, otherwise alone"`
	VerifyingKey
}

// SecretRotation is the body of the operations that rotate a secret.
type SecretRotation struct {
	Secret         nullable[string] `json:"secret,omitzero" doc:"The new secret; generated if left out"`
	OverlapSeconds optional[int]    `json:"overlap_seconds,omitzero" minimum:"0" maximum:"2592000" doc:"For how long the present secret goes on signing, in seconds; 86400, a day, if left out, 0 = it no longer signs"`
}

// AccountSecretRotation is the body of those for an account.
type AccountSecretRotation struct {
	SecretRotation

	Signature optional[string] `json:"signature,omitzero" enum:"v1,v1a" doc:"What is replaced: v1, the secret, if left out; v1a, the ed25519 key; it is made if there is none"`
}

func (b *SecretRotation) params() engine.RotateSecretParams {
	return engine.RotateSecretParams{Secret: b.Secret.maybe, Overlap: convert(b.OverlapSeconds.maybe, ofSeconds)}
}

type secretOutput struct{ Body Secret }

type rotateOwnSecretInput struct{ Body AccountSecretRotation }

type rotateAccountSecretInput struct {
	ID   string `path:"id"`
	Body AccountSecretRotation
}

type rotateSecretInput struct {
	ID   string `path:"id"`
	Body SecretRotation
}

func (a *API) rotateEndpointSecret(ctx context.Context, in *rotateSecretInput) (*secretOutput, error) {
	ep, err := a.engine.RotateEndpointSecret(ctx, callOf(ctx).accountID, in.ID, in.Body.params())
	if err != nil {
		return nil, err
	}
	return &secretOutput{revealSecret(ep.Secret, ep.PreviousSecrets)}, nil
}

func (a *API) rotateAccountSecret(ctx context.Context, in *rotateAccountSecretInput) (*secretOutput, error) {
	signature := in.Body.Signature.get()
	account, err := a.engine.RotateAccountSecret(ctx, in.ID, signature, in.Body.params())
	if err != nil {
		return nil, err
	}
	if signature == ringback.SignatureV1a {
		return &secretOutput{revealSecret(account.SigningKey, account.PreviousSigningKeys)}, nil
	}
	return &secretOutput{revealSecret(account.Secret, account.PreviousSecrets)}, nil
}

func (a *API) rotateOwnAccountSecret(ctx context.Context, in *rotateOwnSecretInput) (*secretOutput, error) {
	return a.rotateAccountSecret(ctx, &rotateAccountSecretInput{ID: callOf(ctx).accountID, Body: in.Body})
}

func revealSecret(secret string, previous []ringback.PreviousSecret) Secret {
	return Secret{
		Secret: showSecret(secret), PreviousSecretUntil: Instant{ringback.PreviousUntil(previous, time.Now())},
		VerifyingKey: showPublicKey(secret),
	}
}

// showSecret is a secret, or null if there is none, or if it is a key that
// nobody is shown.
func showSecret(secret string) *string {
	if secret == "" || strings.HasPrefix(secret, ringback.SigningKeyPrefix) {
		return nil
	}
	return &secret
}

// showPublicKey is that of such a key.
func showPublicKey(secret string) VerifyingKey {
	k, _ := engine.PublicKeyOf(secret)
	return VerifyingKey{PublicKey: k.Text, KeyID: k.ID}
}

// warnings says what is wrong with a secret that is allowed.
func warnings(secret string) []string {
	if !ringback.WeakSecret(secret) {
		return nil
	}
	return []string{"the secret is short enough to be guessed; leave it out when creating to have one generated, or take at least 16 random characters"}
}

const (
	exampleSecret  = `"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="`
	exampleRotated = `{` + exampleSecret + `, "previous_secret_until": "2026-01-03T15:04:05.123456Z"}`
	aboutRotation  = "Where a call has room for several signatures (profiles `standard` and `stripe`), it is signed with the new secret and the one before, until the overlap ends. " +
		"Otherwise the one before goes on signing until then, so that receivers can install the new one first. Setting a secret by PATCH acts at once."
)

func (a *API) registerSecrets() {
	rotation := operation{
		Method: http.MethodPost, Status: http.StatusOK, OptionalBody: true,
		Text: aboutRotation, Request: `{"overlap_seconds": 3600}`, Response: exampleRotated,
	}
	endpoint, own, account := rotation, rotation, rotation
	endpoint.ID, endpoint.Path, endpoint.Tag = "rotateEndpointSecret", "/v1/endpoints/{id}/secret/rotate", "endpoints"
	endpoint.Summary, endpoint.By = "Replace an endpoint's signing secret", anAccount
	endpoint.Scopes = []ringback.Scope{ringback.ScopeEndpointsWrite}
	register(a, endpoint, a.rotateEndpointSecret)

	own.ID, own.Path, own.Tag = "rotateOwnAccountSecret", "/v1/account/secret/rotate", "account"
	own.Summary, own.By = "Replace what callbacks are signed with", anAccount
	own.Scopes = []ringback.Scope{ringback.ScopeAccountWrite}
	register(a, own, a.rotateOwnAccountSecret)

	account.ID, account.Path, account.Tag = "rotateAccountSecret", "/v1/accounts/{id}/secret/rotate", "operator"
	account.Summary, account.By = "Replace what an account's callbacks are signed with", theOperator
	account.Scopes = []ringback.Scope{ringback.ScopeAccountWrite}
	register(a, account, a.rotateAccountSecret)
}
