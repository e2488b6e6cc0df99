package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// Key is an API key as answers show it: without its text.
type Key struct {
	ID        string           `json:"id"`
	AccountID string           `json:"account_id,omitempty" doc:"Absent for an operator's key"`
	Name      string           `json:"name"`
	Scopes    []ringback.Scope `json:"scopes"`
	CreatedAt Instant          `json:"created_at"`
}

// CreatedKey is a new key.
type CreatedKey struct {
	Key

	Text string `json:"key" doc:"What requests are sent with; shown this once"`
}

// KeyCreation is the body of createKey.
type KeyCreation struct {
	AccountID optional[string]   `json:"account_id,omitzero" minLength:"1" doc:"The account that the key acts for; the one in Ringback-Account if left out, and without that the key is an operator's"`
	Name      string             `json:"name" doc:"To tell it from others; at most 256 bytes" example:"production"`
	Scopes    optional[[]string] `json:"scopes,omitzero" minItems:"1" doc:"What the key may do; if left out, everything, but jobs:work only for operators"`
}

type createKeyInput struct{ Body KeyCreation }

type createKeyOutput struct{ Body CreatedKey }

type keyInput struct {
	ID string `path:"id"`
}

type keyOutput struct{ Body Key }

type listKeysInput struct {
	AccountID string `query:"account_id" doc:"Only keys of this account"`
	PageParams
}

func (a *API) createKey(ctx context.Context, in *createKeyInput) (*createKeyOutput, error) {
	account, err := oneAccount(callOf(ctx).accountID, in.Body.AccountID.get())
	if err != nil {
		return nil, err
	}
	key, text, err := a.engine.CreateKey(ctx, engine.CreateKeyParams{
		AccountID: account, Name: in.Body.Name, Scopes: in.Body.Scopes.get(),
	})
	if err != nil {
		return nil, err
	}
	return &createKeyOutput{CreatedKey{Key: showKey(key), Text: text}}, nil
}

// oneAccount settles which account a request means that can name it twice.
func oneAccount(header, given string) (string, error) {
	switch {
	case given == "" || given == header:
		return header, nil
	case header == "":
		return given, nil
	default:
		return "", ringback.Invalid("account_id", "it differs from the header %s; give one of them", accountHeader)
	}
}

func (a *API) getKey(ctx context.Context, in *keyInput) (*keyOutput, error) {
	key, err := a.key(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &keyOutput{showKey(key)}, nil
}

// key finds a key, of the account that the operator named if one was named.
func (a *API) key(ctx context.Context, id string) (*ringback.Key, error) {
	key, err := a.engine.Key(ctx, id)
	if err != nil {
		return nil, err
	}
	if account := callOf(ctx).accountID; account != "" && key.AccountID != account {
		return nil, ringback.NotFound("key", id)
	}
	return key, nil
}

func (a *API) listKeys(ctx context.Context, in *listKeysInput) (*listOutput[Key], error) {
	if in.AccountID != "" && !ringback.ValidID(ringback.PrefixAccount, in.AccountID) {
		return nil, ringback.Invalid("account_id", "%q is no id of an account", limit(in.AccountID, maxFieldName))
	}
	account, err := oneAccount(callOf(ctx).accountID, in.AccountID)
	if err != nil {
		return nil, err
	}
	l, err := a.engine.Keys(ctx, account, in.paging())
	if err != nil {
		return nil, err
	}
	return show(l, showKey), nil
}

func (a *API) deleteKey(ctx context.Context, in *keyInput) (*struct{}, error) {
	if _, err := a.key(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, a.engine.DeleteKey(ctx, in.ID)
}

func showKey(k *ringback.Key) Key {
	return Key{ID: k.ID, AccountID: k.AccountID, Name: k.Name, Scopes: k.Scopes, CreatedAt: Instant{k.CreatedAt}}
}

func (a *API) registerKeys() {
	const members = `"id": "key_01jzn6v3m8f7q9r2s4t6w8x0z2", "account_id": "acc_01jzn6v3m8f7q9r2s4t6w8x0z2", "name": "production",
		"scopes": ["jobs:read", "jobs:write"], "created_at": "2026-01-02T15:04:05.123456Z"`
	read, write := []ringback.Scope{ringback.ScopeAccountRead}, []ringback.Scope{ringback.ScopeAccountWrite}
	account := []*huma.Param{headerParam(accountHeader, "Only keys of this account.", "acc_01jzn6v3m8f7q9r2s4t6w8x0z2")}
	register(a, operation{
		ID: "createKey", Method: http.MethodPost, Path: "/v1/keys", Tag: "operator", Status: http.StatusCreated,
		Summary: "Make an API key", By: theOperator, Scopes: write, Headers: account,
		Request:  `{"account_id": "acc_01jzn6v3m8f7q9r2s4t6w8x0z2", "name": "production", "scopes": ["jobs:read", "jobs:write"]}`,
		Response: `{` + members + `, "key": "rb_mzxw6ytboi2dsnrwgq4tombqgezdgnbv"}`,
	}, a.createKey)
	register(a, operation{
		ID: "getKey", Method: http.MethodGet, Path: "/v1/keys/{id}", Tag: "operator", Status: http.StatusOK,
		Summary: "Look at a key", By: theOperator, Scopes: read, Headers: account, Response: `{` + members + `}`,
	}, a.getKey)
	register(a, operation{
		ID: "listKeys", Method: http.MethodGet, Path: "/v1/keys", Tag: "operator", Status: http.StatusOK,
		Summary: "List keys", By: theOperator, Scopes: read, Headers: account, Response: `{"items": [{` + members + `}]}`,
	}, a.listKeys)
	register(a, operation{
		ID: "deleteKey", Method: http.MethodDelete, Path: "/v1/keys/{id}", Tag: "operator", Status: http.StatusNoContent,
		Summary: "Make a key invalid", Text: "At once.", By: theOperator, Scopes: write, Headers: account,
	}, a.deleteKey)
}
