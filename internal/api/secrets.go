package api

import (
	"context"
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// Secret reveals a signing secret.
type Secret struct {
	Secret              *string `json:"secret" doc:"null if calls are not signed"`
	PreviousSecretUntil Instant `json:"previous_secret_until,omitzero" doc:"While a rotation is under way: until when a previous secret signs, beside this one where a call has room for several signatures, otherwise alone"`
}

// SecretRotation is the body of the operations that rotate a secret.
type SecretRotation struct {
	Secret         nullable[string] `json:"secret,omitzero" doc:"The new secret; generated if left out"`
	OverlapSeconds optional[int]    `json:"overlap_seconds,omitzero" minimum:"0" maximum:"2592000" doc:"For how long the present secret goes on signing, in seconds; 86400, a day, if left out, 0 = it no longer signs"`
}

func (b *SecretRotation) params() engine.RotateSecretParams {
	return engine.RotateSecretParams{Secret: b.Secret.maybe, Overlap: convert(b.OverlapSeconds.maybe, ofSeconds)}
}

type secretOutput struct{ Body Secret }

type rotateOwnSecretInput struct{ Body SecretRotation }

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

func (a *API) rotateAccountSecret(ctx context.Context, in *rotateSecretInput) (*secretOutput, error) {
	account, err := a.engine.RotateAccountSecret(ctx, in.ID, in.Body.params())
	if err != nil {
		return nil, err
	}
	return &secretOutput{revealSecret(account.Secret, account.PreviousSecrets)}, nil
}

func (a *API) rotateOwnAccountSecret(ctx context.Context, in *rotateOwnSecretInput) (*secretOutput, error) {
	return a.rotateAccountSecret(ctx, &rotateSecretInput{ID: callOf(ctx).accountID, Body: in.Body})
}

func revealSecret(secret string, previous []ringback.PreviousSecret) Secret {
	return Secret{Secret: showSecret(secret), PreviousSecretUntil: Instant{ringback.PreviousUntil(previous, time.Now())}}
}

// showSecret is a secret, or null if there is none.
func showSecret(secret string) *string {
	if secret == "" {
		return nil
	}
	return &secret
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
	rotate := func(o operation, handle func(context.Context, *rotateSecretInput) (*secretOutput, error)) {
		o.Method, o.Status, o.OptionalBody = http.MethodPost, http.StatusOK, true
		o.Text, o.Request, o.Response = aboutRotation, `{"overlap_seconds": 3600}`, exampleRotated
		register(a, o, handle)
	}
	rotate(operation{
		ID: "rotateEndpointSecret", Path: "/v1/endpoints/{id}/secret/rotate", Tag: "endpoints",
		Summary: "Replace an endpoint's signing secret", By: anAccount, Scopes: []ringback.Scope{ringback.ScopeEndpointsWrite},
	}, a.rotateEndpointSecret)
	rotate(operation{
		ID: "rotateAccountSecret", Path: "/v1/accounts/{id}/secret/rotate", Tag: "operator",
		Summary: "Replace what an account's callbacks are signed with", By: theOperator, Scopes: []ringback.Scope{ringback.ScopeAccountWrite},
	}, a.rotateAccountSecret)
	register(a, operation{
		ID: "rotateOwnAccountSecret", Method: http.MethodPost, Path: "/v1/account/secret/rotate", Tag: "account", Status: http.StatusOK,
		Summary: "Replace what callbacks are signed with", Text: aboutRotation, By: anAccount, OptionalBody: true,
		Scopes:  []ringback.Scope{ringback.ScopeAccountWrite},
		Request: `{"overlap_seconds": 3600}`, Response: exampleRotated,
	}, a.rotateOwnAccountSecret)
}
