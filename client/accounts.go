package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

const (
	accountsPath   = "/v1/accounts"
	ownAccountPath = "/v1/account"
)

// AccountInfo is an account as the API shows it: without its secret. (What
// names the account to act for is the option [Account].)
type AccountInfo struct {
	ID                  string    `json:"id"`
	Name                string    `json:"name"`
	CallbackProfile     string    `json:"callback_profile"`
	CallbackSignature   string    `json:"callback_signature"`    // of the profile standard: "v1" or "v1a"
	Signed              bool      `json:"signed"`                // whether callbacks are
	PreviousSecretUntil time.Time `json:"previous_secret_until"` // zero without a rotation under way
	CreatedAt           time.Time `json:"created_at"`
	UpdatedAt           time.Time `json:"updated_at"`
	Warnings            []string  `json:"warnings"` // what should be changed; in the answers to changes
}

// CreatedAccount is a new account with its secret.
type CreatedAccount struct {
	AccountInfo

	Secret string `json:"secret"` // what callbacks are signed with; "" = they are not
	VerifyingKey
}

// CreateAccountParams make an account. Name is needed.
type CreateAccountParams struct {
	Name              string           `json:"name"`
	CallbackProfile   string           `json:"callback_profile,omitempty"`   // "" = standard
	Secret            Optional[string] `json:"secret,omitzero"`              // left out = generated, Null = unsigned
	CallbackSignature string           `json:"callback_signature,omitempty"` // "" = v1
}

// UpdateAccountParams change an account. What is left out stays.
type UpdateAccountParams struct {
	Name              Optional[string] `json:"name,omitzero"`
	CallbackProfile   Optional[string] `json:"callback_profile,omitzero"`
	Secret            Optional[string] `json:"secret,omitzero"` // Null = unsigned
	CallbackSignature Optional[string] `json:"callback_signature,omitzero"`
}

// CreateAccount makes an account for a customer. It needs an operator's key.
func (c *Client) CreateAccount(ctx context.Context, p CreateAccountParams) (*CreatedAccount, error) {
	return change[CreatedAccount](ctx, c, http.MethodPost, accountsPath, p)
}

// GetAccount gives an account. It needs an operator's key.
func (c *Client) GetAccount(ctx context.Context, id string) (*AccountInfo, error) {
	return get[AccountInfo](ctx, c, under(accountsPath, id, ""))
}

// ListAccounts gives a page of accounts, the newest first. It needs an
// operator's key.
func (c *Client) ListAccounts(ctx context.Context, p Page) (*List[AccountInfo], error) {
	return list[AccountInfo](ctx, c, accountsPath, p.query())
}

// AllAccounts goes through all pages of ListAccounts.
func (c *Client) AllAccounts(ctx context.Context, p Page) iter.Seq2[*AccountInfo, error] {
	return all(p, func(page Page) (*List[AccountInfo], error) { return c.ListAccounts(ctx, page) })
}

// UpdateAccount changes an account. It needs an operator's key.
func (c *Client) UpdateAccount(ctx context.Context, id string, p UpdateAccountParams) (*AccountInfo, error) {
	return change[AccountInfo](ctx, c, http.MethodPatch, under(accountsPath, id, ""), p)
}

// GetOwnAccount gives the account that the key acts for.
func (c *Client) GetOwnAccount(ctx context.Context) (*AccountInfo, error) {
	return get[AccountInfo](ctx, c, ownAccountPath)
}

// UpdateOwnAccount changes the account that the key acts for.
func (c *Client) UpdateOwnAccount(ctx context.Context, p UpdateAccountParams) (*AccountInfo, error) {
	return change[AccountInfo](ctx, c, http.MethodPatch, ownAccountPath, p)
}
