package nodestest

import (
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// The changes below tell the other nodes before they return.

func (c *Conn) account(id string) { c.tell(store.Signal{Kind: store.SignalAccount, AccountID: id}) }

// UpdateAccount changes an account.
func (c *Conn) UpdateAccount(ctx context.Context, id string, change func(*ringback.Account) error) (*ringback.Account, error) {
	defer c.account(id)
	return c.Store.UpdateAccount(ctx, id, change)
}

// InsertEndpoint adds an endpoint.
func (c *Conn) InsertEndpoint(ctx context.Context, e *ringback.Endpoint, limit int) error {
	defer c.account(e.AccountID)
	return c.Store.InsertEndpoint(ctx, e, limit)
}

// UpdateEndpoint changes an endpoint.
func (c *Conn) UpdateEndpoint(ctx context.Context, accountID, id string, change func(*ringback.Endpoint) error) (*ringback.Endpoint, error) {
	defer c.account(accountID)
	return c.Store.UpdateEndpoint(ctx, accountID, id, change)
}

// DeleteEndpoint deletes an endpoint.
func (c *Conn) DeleteEndpoint(ctx context.Context, accountID, id string) error {
	defer c.account(accountID)
	return c.Store.DeleteEndpoint(ctx, accountID, id)
}

// InsertProfile adds a profile.
func (c *Conn) InsertProfile(ctx context.Context, p *ringback.CustomProfile, limit int) error {
	defer c.account(p.AccountID)
	return c.Store.InsertProfile(ctx, p, limit)
}

// DeleteProfile deletes a profile.
func (c *Conn) DeleteProfile(ctx context.Context, owner, name string) error {
	defer c.account(owner)
	return c.Store.DeleteProfile(ctx, owner, name)
}

// InsertEventType adds an event type.
func (c *Conn) InsertEventType(ctx context.Context, t *ringback.EventType, limit int) error {
	defer c.account(t.AccountID)
	return c.Store.InsertEventType(ctx, t, limit)
}

// DeleteKey deletes a key.
func (c *Conn) DeleteKey(ctx context.Context, id string) error {
	defer c.tell(store.Signal{Kind: store.SignalKeys})
	return c.Store.DeleteKey(ctx, id)
}
