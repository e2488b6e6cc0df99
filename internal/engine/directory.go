package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// directory keeps accounts, their endpoints and their event types in memory,
// ready to match events and to sign: they are needed for every event and every
// attempt. A view is immutable; a change of the account or of what it has
// forgets it.
type directory struct {
	store store.Store

	mu    sync.RWMutex
	views map[string]*view
	kept  int // accounts, endpoints and event types in views
	// changes counts what forget was called for, so that a view that was read
	// before a change is not kept after it.
	changes uint64
}

// maxKept bounds the memory, in accounts, endpoints and event types; past it views are
// dropped at random.
const maxKept = 50_000

// view is an account as it is at one moment. That of the operator, with the id
// "", has types alone.
type view struct {
	account   *ringback.Account
	endpoints []*endpointView // by id
	byID      map[string]*endpointView
	callbacks map[string]signing // by profile; the URL is the job's own

	publicKeys func() []PublicKey // what signs, or signed, with ed25519
	types      map[string]store.EventTypeState

	// checking is held while data is checked against one of the types' schemas:
	// an account's checks have one processor at most.
	checking sync.Mutex
}

// endpointView is an endpoint with how it is called.
type endpointView struct {
	*ringback.Endpoint

	signing signing
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
	if d.changes == changes && d.views[accountID] == nil {
		d.kept += v.size()
		for id := range d.views {
			if d.kept <= maxKept {
				break
			}
			d.drop(id)
		}
		d.views[accountID] = v
	}
	return v, nil
}

// size counts what a view keeps.
func (v *view) size() int { return 1 + len(v.endpoints) + len(v.types) }

// drop lets go of a view. d.mu is held.
func (d *directory) drop(accountID string) {
	if v := d.views[accountID]; v != nil {
		d.kept -= v.size()
		delete(d.views, accountID)
	}
}

// forget drops what is remembered of an account. It is called after a change
// was committed.
func (d *directory) forget(accountID string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes++
	d.drop(accountID)
}

func (d *directory) load(ctx context.Context, accountID string) (*view, error) {
	types, err := d.loadTypes(ctx, accountID)
	if err != nil || accountID == "" {
		return &view{types: types}, err
	}
	account, err := d.store.Account(ctx, accountID)
	if err != nil {
		return nil, err
	}
	v := &view{
		account:   account,
		byID:      make(map[string]*endpointView),
		callbacks: make(map[string]signing),
		types:     types,
	}
	for _, p := range webhook.Profiles() {
		v.callbacks[p.Name] = newCallbackSigning(p, account, now())
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
			v.publicKeys = sync.OnceValue(v.findPublicKeys)
			return v, nil
		}
		page.Before = endpoints[len(endpoints)-1].ID
	}
}

func (d *directory) loadTypes(ctx context.Context, owner string) (map[string]store.EventTypeState, error) {
	states, err := d.store.EventTypeStates(ctx, owner)
	if err != nil {
		return nil, err
	}
	types := make(map[string]store.EventTypeState, len(states))
	for _, t := range states {
		types[t.Name] = t
	}
	return types, nil
}

func newEndpointView(e *ringback.Endpoint) *endpointView {
	p, ok := webhook.Lookup(e.Profile)
	v := &endpointView{Endpoint: e, signing: newSigning(p, e.Secret, e.PreviousSecrets, now())}
	for i := range v.signing {
		t := &v.signing[i].Target
		if !ok {
			t.Unsignable = unknownProfile(e.Profile)
		}
		t.URL, t.Headers, t.IncludeResult, t.Timeout = e.URL, e.Headers, e.IncludeResult, e.Timeout
		t.RateLimit, t.CreatedAt = e.RateLimit, e.CreatedAt
		if e.RetrySchedule != nil {
			t.Schedule = e.RetrySchedule
		}
		if !e.Enabled {
			t.Gone = disabledBecause(e.DisabledReason)
		}
	}
	return v
}

func unknownProfile(name string) error {
	return fmt.Errorf("this server does not know the profile %q", name)
}

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
			return ep.signing.at(time.Now()), nil
		}
		return &dispatch.Target{URL: d.URL, Profile: webhook.Profile{Name: d.Profile}, Gone: reasonDeleted}, nil
	}
	target := dispatch.Target{Unsignable: unknownProfile(d.Profile)}
	if signing, ok := v.callbacks[d.Profile]; ok {
		target = *signing.at(time.Now())
	}
	target.URL, target.IncludeResult = d.URL, job.IncludeResult
	return &target, nil
}
