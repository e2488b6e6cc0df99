package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// Account is an account as answers show it: without its secret.
type Account struct {
	ID                  string   `json:"id"`
	Name                string   `json:"name"`
	CallbackProfile     string   `json:"callback_profile" doc:"The wire format of callbacks whose job names none"`
	CallbackSignature   string   `json:"callback_signature" enum:"v1,v1a" doc:"How callbacks of the profile standard are signed: v1, HMAC-SHA256 with the secret, or v1a, ed25519 with a key that stays here"`
	Signed              bool     `json:"signed" doc:"Whether there is a secret that callbacks are signed with"`
	PreviousSecretUntil Instant  `json:"previous_secret_until,omitzero" doc:"While a rotation is under way: until when a previous secret signs"`
	CreatedAt           Instant  `json:"created_at"`
	UpdatedAt           Instant  `json:"updated_at"`
	Warnings            []string `json:"warnings,omitempty" doc:"What should be changed; in the answers to changes"`
}

// CreatedAccount is a new account.
type CreatedAccount struct {
	Account

	Secret *string `json:"secret" doc:"What callbacks are signed with, null if they are not; shown here and by getOwnAccountSecret alone"`
	VerifyingKey
}

// AccountCreation is the body of createAccount.
type AccountCreation struct {
	Name              string           `json:"name" doc:"At most 256 bytes" example:"ACME"`
	CallbackProfile   nullable[string] `json:"callback_profile,omitzero" minLength:"1" doc:"standard if left out"`
	Secret            nullable[string] `json:"secret,omitzero" doc:"What callbacks are signed with; generated if left out, null = unsigned"`
	CallbackSignature optional[string] `json:"callback_signature,omitzero" enum:"v1,v1a" doc:"How callbacks of the profile standard are signed; v1 if left out"`
}

// AccountChange is the body of updateAccount and updateOwnAccount. What is left
// out stays.
type AccountChange struct {
	Name              optional[string] `json:"name,omitzero"`
	CallbackProfile   optional[string] `json:"callback_profile,omitzero"`
	Secret            nullable[string] `json:"secret,omitzero" doc:"null = unsigned callbacks"`
	CallbackSignature optional[string] `json:"callback_signature,omitzero" enum:"v1,v1a" doc:"How callbacks of the profile standard are signed; v1a has a key made, unless there is one"`
}

type createAccountInput struct{ Body AccountCreation }

type createAccountOutput struct{ Body CreatedAccount }

type accountInput struct {
	ID string `path:"id"`
}

type accountOutput struct{ Body Account }

type updateAccountInput struct {
	ID   string `path:"id"`
	Body AccountChange
}

type updateOwnAccountInput struct{ Body AccountChange }

func (a *API) createAccount(ctx context.Context, in *createAccountInput) (*createAccountOutput, error) {
	profiles, err := a.profiles(ctx, "") // it has none of its own yet
	if err != nil {
		return nil, err
	}
	account, err := a.engine.CreateAccount(ctx, engine.CreateAccountParams{
		Name: in.Body.Name, CallbackProfile: in.Body.CallbackProfile.get(), Secret: in.Body.Secret.maybe,
		CallbackSignature: in.Body.CallbackSignature.get(),
	})
	if err != nil {
		return nil, err
	}
	out := &createAccountOutput{CreatedAccount{Account: showAccount(account), Secret: showSecret(account.Secret), VerifyingKey: showPublicKey(account.SigningKey)}}
	out.Body.Warnings = accountWarnings(account, profiles)
	return out, nil
}

// accountWarnings tells of a secret that is weak, or that the account's own
// callback profile cannot sign with.
func accountWarnings(account *ringback.Account, profiles profileOf) []string {
	all := warnings(account.Secret)
	p, ok := profiles(account.CallbackProfile)
	if !ok || p.KeyForm == webhook.KeyWhsk || p.Ed25519Prefix != "" && account.CallbackSignature == ringback.SignatureV1a {
		return all
	}
	var err error
	if account.Secret != "" {
		err = p.CheckSecret(account.Secret)
	} else if p.SecretRequired() {
		err = errors.New("there is no secret")
	}
	if err != nil {
		all = append(all, "callbacks in the profile "+p.Name+", which is the account's callback_profile, cannot be signed ("+
			err.Error()+"); until one of the two is changed, jobs with a callback must name another profile")
	}
	return all
}

func (a *API) getAccount(ctx context.Context, in *accountInput) (*accountOutput, error) {
	account, err := a.engine.Account(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &accountOutput{showAccount(account)}, nil
}

func (a *API) listAccounts(ctx context.Context, in *PageParams) (*listOutput[Account], error) {
	l, err := a.engine.Accounts(ctx, in.paging())
	if err != nil {
		return nil, err
	}
	return show(l, showAccount), nil
}

func (a *API) updateAccount(ctx context.Context, in *updateAccountInput) (*accountOutput, error) {
	profiles, err := a.profiles(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	account, err := a.engine.UpdateAccount(ctx, in.ID, engine.UpdateAccountParams{
		Name: in.Body.Name.maybe, CallbackProfile: in.Body.CallbackProfile.maybe, Secret: in.Body.Secret.maybe,
		CallbackSignature: in.Body.CallbackSignature.maybe,
	})
	if err != nil {
		return nil, err
	}
	out := &accountOutput{showAccount(account)}
	out.Body.Warnings = accountWarnings(account, profiles)
	return out, nil
}

func (a *API) getOwnAccount(ctx context.Context, _ *struct{}) (*accountOutput, error) {
	return a.getAccount(ctx, &accountInput{ID: callOf(ctx).accountID})
}

func (a *API) updateOwnAccount(ctx context.Context, in *updateOwnAccountInput) (*accountOutput, error) {
	return a.updateAccount(ctx, &updateAccountInput{ID: callOf(ctx).accountID, Body: in.Body})
}

func (a *API) getOwnAccountSecret(ctx context.Context, _ *struct{}) (*secretOutput, error) {
	account, err := a.engine.Account(ctx, callOf(ctx).accountID)
	if err != nil {
		return nil, err
	}
	out := &secretOutput{revealSecret(account.Secret, account.PreviousSecrets)}
	out.Body.VerifyingKey = showPublicKey(account.SigningKey)
	return out, nil
}

func showAccount(account *ringback.Account) Account {
	return Account{
		ID: account.ID, Name: account.Name, CallbackProfile: account.CallbackProfile,
		CallbackSignature: account.CallbackSignature, Signed: account.Secret != "",
		PreviousSecretUntil: Instant{ringback.PreviousUntil(account.PreviousSecrets, time.Now())},
		CreatedAt:           Instant{account.CreatedAt}, UpdatedAt: Instant{account.UpdatedAt},
	}
}

const (
	exampleAccountMembers = `"id": "acc_01jzn6v3m8f7q9r2s4t6w8x0z2", "name": "ACME", "callback_profile": "standard", "callback_signature": "v1", "signed": true,
	"created_at": "2026-01-02T15:04:05.123456Z", "updated_at": "2026-01-02T15:04:05.123456Z"`
	exampleAccount = `{` + exampleAccountMembers + `}`
)

func (a *API) registerAccounts() {
	read, write := []ringback.Scope{ringback.ScopeAccountRead}, []ringback.Scope{ringback.ScopeAccountWrite}
	register(a, operation{
		ID: "createAccount", Method: http.MethodPost, Path: "/v1/accounts", Tag: "operator", Status: http.StatusCreated,
		Summary: "Make an account for a customer", By: theOperator, Scopes: write,
		Request: `{"name": "ACME", "callback_profile": "standard"}`, Response: `{` + exampleAccountMembers + `, ` + exampleSecret + `}`,
	}, a.createAccount)
	register(a, operation{
		ID: "getAccount", Method: http.MethodGet, Path: "/v1/accounts/{id}", Tag: "operator", Status: http.StatusOK,
		Summary: "Look at an account", By: theOperator, Scopes: read, Response: exampleAccount,
	}, a.getAccount)
	register(a, operation{
		ID: "listAccounts", Method: http.MethodGet, Path: "/v1/accounts", Tag: "operator", Status: http.StatusOK,
		Summary: "List accounts", By: theOperator, Scopes: read, Response: `{"items": [` + exampleAccount + `]}`,
	}, a.listAccounts)
	register(a, operation{
		ID: "updateAccount", Method: http.MethodPatch, Path: "/v1/accounts/{id}", Tag: "operator", Status: http.StatusOK,
		Summary: "Change an account", Text: "It acts at once, on callbacks that are pending too.", By: theOperator, Scopes: write,
		Request: `{"callback_profile": "unitary"}`, Response: exampleAccount,
	}, a.updateAccount)
}

func (a *API) registerOwnAccount() {
	register(a, operation{
		ID: "getOwnAccount", Method: http.MethodGet, Path: "/v1/account", Tag: "account", Status: http.StatusOK,
		Summary: "Look at the key's account", By: anAccount, Scopes: []ringback.Scope{ringback.ScopeAccountRead}, Response: exampleAccount,
	}, a.getOwnAccount)
	register(a, operation{
		ID: "updateOwnAccount", Method: http.MethodPatch, Path: "/v1/account", Tag: "account", Status: http.StatusOK,
		Summary: "Change the key's account", Text: "It acts at once, on callbacks that are pending too.",
		By: anAccount, Scopes: []ringback.Scope{ringback.ScopeAccountWrite},
		Request: `{"callback_profile": "unitary", "secret": "test_key"}`, Response: exampleAccount,
	}, a.updateOwnAccount)
	register(a, operation{
		ID: "getOwnAccountSecret", Method: http.MethodGet, Path: "/v1/account/secret", Tag: "account", Status: http.StatusOK,
		Summary: "Reveal what callbacks are signed with",
		By:      anAccount, Scopes: []ringback.Scope{ringback.ScopeAccountRead, ringback.ScopeSecretsRead},
		Response: `{` + exampleSecret + `}`,
	}, a.getOwnAccountSecret)
}
