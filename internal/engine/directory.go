package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// directory keeps accounts and their endpoints in memory, ready to match
// events and to sign: they are needed for every event and every attempt. A
// view is immutable; a change of the account or of one of its endpoints
// forgets it.
type directory struct {
	store store.Store

	mu    sync.RWMutex
	views map[string]*view
	// changes counts what forget was called for, so that a view that was read
	// before a change is not kept after it.
	changes uint64
}

// maxViews bounds the memory; past it views are dropped at random.
const maxViews = 10_000

// view is an account as it is at one moment.
type view struct {
	account   *ringback.Account
	endpoints []*endpointView // by id
	byID      map[string]*endpointView
	callbacks map[string]dispatch.Target // by profile; the URL is the job's own
}

// endpointView is an endpoint with how it is called.
type endpointView struct {
	*ringback.Endpoint

	target dispatch.Target
}

func newDirectory(s store.Store) *directory {
	return &directory{store: s, views: make(map[string]*view)}
}

// view gives the account's view, or store.ErrNotFound.
func (d *directory) view(ctx context.Context, accountID string) (*view, error) {
	d.mu.RLock()
	v, changes := d.views[accountID], d.changes
	d.mu.RUnlock()
	if v != nil {
		return v, nil
	}
	v, err := d.load(ctx, accountID)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changes == changes {
		for id := range d.views {
			if len(d.views) < maxViews {
				break
			}
			delete(d.views, id)
		}
		d.views[accountID] = v
	}
	return v, nil
}

// forget drops what is remembered of an account. It is called after a change
// was committed.
func (d *directory) forget(accountID string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes++
	delete(d.views, accountID)
}

func (d *directory) load(ctx context.Context, accountID string) (*view, error) {
	account, err := d.store.Account(ctx, accountID)
	if err != nil {
		return nil, err
	}
	v := &view{
		account:   account,
		byID:      make(map[string]*endpointView),
		callbacks: make(map[string]dispatch.Target),
	}
	for _, p := range webhook.Profiles() {
		v.callbacks[p.Name] = newTarget(p, account.Secret)
	}
	page := store.Page{Limit: MaxLimit}
	for {
		endpoints, err := d.store.ListEndpoints(ctx, accountID, page)
		if err != nil {
			return nil, err
		}
		for _, e := range endpoints {
			ev := newEndpointView(e)
			v.endpoints = append(v.endpoints, ev)
			v.byID[e.ID] = ev
		}
		if len(endpoints) < page.Limit {
			return v, nil
		}
		page.Before = endpoints[len(endpoints)-1].ID
	}
}

// newTarget makes what profile and secret determine.
func newTarget(p webhook.Profile, secret string) dispatch.Target {
	t := dispatch.Target{Profile: p, Schedule: p.Schedule(), Timeout: ringback.DefaultAttemptTimeout}
	var secrets []string
	if secret != "" {
		secrets = []string{secret}
	}
	t.Signer, t.Unsignable = webhook.NewSigner(p, secrets...)
	return t
}

func newEndpointView(e *ringback.Endpoint) *endpointView {
	p, ok := webhook.Lookup(e.Profile)
	t := newTarget(p, e.Secret)
	if !ok {
		t.Unsignable = fmt.Errorf("this server does not know the profile %q", e.Profile)
	}
	t.URL, t.Headers, t.IncludeResult, t.Timeout = e.URL, e.Headers, e.IncludeResult, e.Timeout
	if e.RetrySchedule != nil {
		t.Schedule = e.RetrySchedule
	}
	if !e.Enabled {
		t.Gone = "the endpoint is disabled: " + e.DisabledReason
	}
	return &endpointView{Endpoint: e, target: t}
}

// reasonDeleted is why deliveries of a deleted endpoint are canceled.
const reasonDeleted = "the endpoint was deleted"

// targets is what the dispatcher asks of the engine.
type targets struct{ e *Engine }

// Target says where a delivery goes now.
func (t targets) Target(ctx context.Context, d *ringback.Delivery, job *ringback.Job) (*dispatch.Target, error) {
	v, err := t.e.directory.view(ctx, d.AccountID)
	if err != nil {
		return nil, err
	}
	if d.EndpointID != "" {
		if ep, ok := v.byID[d.EndpointID]; ok {
			return &ep.target, nil
		}
		return &dispatch.Target{URL: d.URL, Profile: webhook.Profile{Name: d.Profile}, Gone: reasonDeleted}, nil
	}
	target, ok := v.callbacks[d.Profile]
	if !ok {
		target.Unsignable = fmt.Errorf("this server does not know the profile %q", d.Profile)
	}
	target.URL, target.IncludeResult = d.URL, job.IncludeResult
	return &target, nil
}

// FailingLimit is how long an endpoint may only fail before it is disabled.
const FailingLimit = 5 * 24 * time.Hour

// errUnchanged ends an update that has nothing to write.
var errUnchanged = errors.New("unchanged")

// Observe keeps the clock of endpoints that only fail, and disables those that
// are gone or have failed for too long.
func (t targets) Observe(ctx context.Context, d *ringback.Delivery, o dispatch.Outcome) {
	if d.EndpointID == "" {
		return
	}
	v, err := t.e.directory.view(ctx, d.AccountID)
	if err != nil {
		return // looked at again after the next attempt
	}
	ep := v.byID[d.EndpointID]
	if ep == nil || !ep.Enabled {
		return
	}
	at := o.Attempt.StartedAt.UTC().Truncate(time.Microsecond)
	ok := o.Status == ringback.DeliveryDelivered
	switch {
	case o.Gone:
		t.e.disable(ctx, ep.Endpoint, ringback.DisabledGone)
	case ok != ep.FailingSince.IsZero():
		t.e.noteFailing(ctx, ep.Endpoint, ok, at)
	case !ok && at.Sub(ep.FailingSince) >= FailingLimit:
		t.e.disable(ctx, ep.Endpoint, ringback.DisabledFailing)
	}
}

// noteFailing starts or ends the clock of an endpoint.
func (e *Engine) noteFailing(ctx context.Context, ep *ringback.Endpoint, ok bool, at time.Time) {
	_, err := e.store.UpdateEndpoint(ctx, ep.AccountID, ep.ID, func(ep *ringback.Endpoint) error {
		if ok != ep.FailingSince.IsZero() {
			ep.FailingSince = time.Time{}
			if !ok {
				ep.FailingSince = at
			}
			return nil
		}
		return errUnchanged
	})
	e.directory.forget(ep.AccountID)
	if err != nil && !errors.Is(err, errUnchanged) && !errors.Is(err, store.ErrNotFound) {
		e.log.Warn("the state of an endpoint could not be kept", "endpoint", ep.ID, "error", err)
	}
}

// disable turns an endpoint off for a reason of its receiver's, and cancels
// what is pending.
func (e *Engine) disable(ctx context.Context, ep *ringback.Endpoint, reason string) {
	at := now()
	_, err := e.store.UpdateEndpoint(ctx, ep.AccountID, ep.ID, func(ep *ringback.Endpoint) error {
		if !ep.Enabled {
			return errUnchanged
		}
		ep.Enabled, ep.DisabledReason, ep.DisabledAt, ep.UpdatedAt = false, reason, at, at
		return nil
	})
	e.directory.forget(ep.AccountID)
	switch {
	case errors.Is(err, errUnchanged), errors.Is(err, store.ErrNotFound):
	case err != nil:
		e.log.Warn("an endpoint could not be disabled", "endpoint", ep.ID, "reason", reason, "error", err)
	default:
		e.log.Warn("endpoint disabled", "account", ep.AccountID, "endpoint", ep.ID, "reason", reason)
		e.cancelPending(ep.AccountID, ep.ID, at, "the endpoint is disabled: "+reason)
	}
}
