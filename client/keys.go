package client

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/ringback/ringback/ringback"
)

const keysPath = "/v1/keys"

// Key is an API key as the API shows it: without its text.
type Key struct {
	ID        string           `json:"id"`
	AccountID string           `json:"account_id"` // "" = an operator's key
	Name      string           `json:"name"`
	Scopes    []ringback.Scope `json:"scopes"`
	CreatedAt time.Time        `json:"created_at"`
}

// CreatedKey is a new key with its text.
type CreatedKey struct {
	Key

	Text string `json:"key"` // what requests are sent with; shown this once
}

// CreateKeyParams make a key. Name is needed.
type CreateKeyParams struct {
	AccountID string           `json:"account_id,omitempty"` // "" = an operator's key, unless the client acts for an account
	Name      string           `json:"name"`
	Scopes    []ringback.Scope `json:"scopes,omitempty"` // none = all, without jobs:work for an account's key
}

// CreateKey makes a key. It needs an operator's key.
func (c *Client) CreateKey(ctx context.Context, p CreateKeyParams) (*CreatedKey, error) {
	return change[CreatedKey](ctx, c, http.MethodPost, keysPath, p)
}

// GetKey gives a key. It needs an operator's key.
func (c *Client) GetKey(ctx context.Context, id string) (*Key, error) {
	return get[Key](ctx, c, under(keysPath, id, ""))
}

// ListKeysParams choose keys; what is empty chooses all.
type ListKeysParams struct {
	AccountID string
	Page
}

// ListKeys gives a page of keys, the newest first. It needs an operator's key.
func (c *Client) ListKeys(ctx context.Context, p ListKeysParams) (*List[Key], error) {
	return list[Key](ctx, c, keysPath, []string{"account_id", p.AccountID}, p.query())
}

// AllKeys goes through all pages of ListKeys.
func (c *Client) AllKeys(ctx context.Context, p ListKeysParams) iter.Seq2[*Key, error] {
	return all(p.Page, func(page Page) (*List[Key], error) {
		p.Page = page
		return c.ListKeys(ctx, p)
	})
}

// DeleteKey makes a key invalid, at once. It needs an operator's key.
func (c *Client) DeleteKey(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: under(keysPath, id, "")})
	return err
}
