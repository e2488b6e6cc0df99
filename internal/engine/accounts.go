package engine

import (
	"cmp"
	"context"
	"slices"

	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// CreateAccountParams describes a new account. A secret that is left out is
// generated; null means unsigned callbacks.
type CreateAccountParams struct {
	Name            string
	CallbackProfile string // "" = standard
	Secret          Maybe[string]
	// CallbackSignature is how callbacks of the profile standard are signed; ""
	// = v1.
	CallbackSignature string
}

// CreateAccount makes an account; its Secret is in the answer.
func (e *Engine) CreateAccount(ctx context.Context, p CreateAccountParams) (*ringback.Account, error) {
	if err := checkName(p.Name, true); err != nil {
		return nil, err
	}
	if p.CallbackProfile == "" {
		p.CallbackProfile = ringback.DefaultCallbackProfile
	}
	var a *ringback.Account
	err := e.usingProfiles(ctx, "", func(ctx context.Context, v *view) (err error) {
		a, err = e.createAccount(ctx, v, p) // it has no profiles of its own yet
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (e *Engine) createAccount(ctx context.Context, v *view, p CreateAccountParams) (*ringback.Account, error) {
	profile, err := v.checkProfile("callback_profile", p.CallbackProfile)
	if err != nil {
		return nil, err
	}
	secret, err := newSecret(p.Secret)
	if err != nil {
		return nil, err
	}
	if err := checkSignature("callback_signature", p.CallbackSignature); err != nil {
		return nil, err
	}
	at := e.now()
	a := &ringback.Account{
		ID: ringback.NewID(ringback.PrefixAccount, at), Name: p.Name,
		CallbackProfile: p.CallbackProfile, Secret: secret,
		CreatedAt: at, UpdatedAt: at,
	}
	a.CallbackSignature = cmp.Or(p.CallbackSignature, ringback.SignatureV1)
	makeSigningKey(a, profile)
	if err := e.store.InsertAccount(ctx, a); err != nil {
		return nil, unavailable(err)
	}
	return a, nil
}

// Account gives one account.
func (e *Engine) Account(ctx context.Context, id string) (*ringback.Account, error) {
	if !ringback.ValidID(ringback.PrefixAccount, id) {
		return nil, ringback.NotFound("account", id)
	}
	v, err := e.directory.view(ctx, id)
	if err != nil {
		return nil, found(err, "account", id)
	}
	return v.account, nil
}

// Accounts lists all accounts but the operator's own.
func (e *Engine) Accounts(ctx context.Context, p Paging) (*List[ringback.Account], error) {
	page, err := p.page(isID(ringback.PrefixAccount))
	if err != nil {
		return nil, err
	}
	ctx, cancel := listing(ctx)
	defer cancel()
	accounts, err := e.store.ListAccounts(ctx, page)
	if err != nil {
		return nil, listFailed(ctx, err)
	}
	accounts = slices.DeleteFunc(accounts, func(a *ringback.Account) bool { return a.ID == ringback.OperatorAccountID })
	return list(accounts, p.Limit, func(a *ringback.Account) string { return a.ID }), nil
}

// UpdateAccountParams is a change of an account. It acts at once, on pending
// callbacks too.
type UpdateAccountParams struct {
	Name            Maybe[string]
	CallbackProfile Maybe[string]
	Secret          Maybe[string] // null = unsigned callbacks
	// CallbackSignature: with v1a a key is made, unless there is one.
	CallbackSignature Maybe[string]
}

// UpdateAccount changes an account.
func (e *Engine) UpdateAccount(ctx context.Context, id string, p UpdateAccountParams) (*ringback.Account, error) {
	if !ringback.ValidID(ringback.PrefixAccount, id) {
		return nil, ringback.NotFound("account", id)
	}
	if p.Name.Set {
		if err := checkName(p.Name.Value, true); err != nil {
			return nil, err
		}
	}
	var a *ringback.Account
	err := e.usingProfiles(ctx, id, func(ctx context.Context, v *view) (err error) {
		a, err = e.updateAccount(ctx, v, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (e *Engine) updateAccount(ctx context.Context, v *view, p UpdateAccountParams) (_ *ringback.Account, err error) {
	id := v.account.ID
	var profile webhook.Profile
	if p.CallbackProfile.Set {
		if profile, err = v.checkProfile("callback_profile", p.CallbackProfile.Value); err != nil {
			return nil, err
		}
	}
	if p.Secret.Set && !p.Secret.Null {
		if err := checkGiven(p.Secret.Value); err != nil {
			return nil, err
		}
	}
	if err := checkSignature("callback_signature", p.CallbackSignature.Value); err != nil {
		return nil, err
	}
	a, err := e.store.UpdateAccount(ctx, id, func(a *ringback.Account) error {
		set(&a.Name, p.Name)
		set(&a.CallbackProfile, p.CallbackProfile)
		if p.Secret.Set {
			a.Secret, a.PreviousSecrets = p.Secret.Value, nil // "" with null
		}
		set(&a.CallbackSignature, p.CallbackSignature)
		makeSigningKey(a, profile)
		a.UpdatedAt = e.now()
		return nil
	})
	e.directory.forget(id)
	if err != nil {
		return nil, found(err, "account", id)
	}
	return a, nil
}

// makeSigningKey makes the ed25519 key that callbacks are signed with, if the
// account or its new callback profile needs one.
func makeSigningKey(a *ringback.Account, profile webhook.Profile) {
	needed := a.CallbackSignature == ringback.SignatureV1a || profile.KeyForm == webhook.KeyWhsk
	if needed && a.SigningKey == "" {
		a.SigningKey = webhook.GenerateSigningKey()
	}
}
