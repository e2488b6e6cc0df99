package engine

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// directory keeps accounts, their endpoints, event types and profiles in memory,
// ready to match events and to sign: they are needed for every event and every
// attempt. A view is immutable; a change of the account or of what it has
// forgets it.
type directory struct {
	store store.Store
	node  *nodes.Member

	mu    sync.RWMutex
	views map[string]*view
	kept  int // accounts, endpoints, event types and profiles in views
	// changes counts what forget was called for, so that a view that was read
	// before a change is not kept after it.
	changes uint64
}

// maxAge is how long a view, or a key, is kept where other nodes may change what
// it is about: they tell, but perhaps it is not heard.
const maxAge = time.Minute

// maxKept bounds the memory, in accounts, endpoints, event types and profiles;
// past it views are dropped at random.
const maxKept = 50_000

// view is an account as it is at one moment. That of the operator, with the id
// "", has types and profiles alone.
type view struct {
	loaded    time.Time
	at        time.Time // the same by the clock of all nodes
	revision  int64     // of the account, before it was read
	account   *ringback.Account
	endpoints []*endpointView // by id
	byID      map[string]*endpointView
	profiles  map[string]*Profile // its own
	shared    map[string]*Profile // the operator's
	callbacks sync.Map            // signing by profile, once it was asked for

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

func newDirectory(s store.Store, n *nodes.Member) *directory {
	return &directory{store: s, node: n, views: make(map[string]*view)}
}

// view gives the account's view, or store.ErrNotFound.
func (d *directory) view(ctx context.Context, accountID string) (*view, error) {
	d.mu.RLock()
	v, changes := d.views[accountID], d.changes
	d.mu.RUnlock()
	if v != nil && !outdated(d.node, v.loaded) {
		return v, nil
	}
	old, loaded := v, time.Now()
	v, err := d.load(ctx, accountID)
	if err != nil {
		return nil, err
	}
	v.loaded = loaded
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changes == changes && d.views[accountID] == old {
		d.drop(accountID)
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

// outdated says whether what was read then is to be read again.
func outdated(n *nodes.Member, read time.Time) bool { return n.Shared() && time.Since(read) > maxAge }

// size counts what a view keeps.
func (v *view) size() int { return 1 + len(v.endpoints) + len(v.types) + len(v.profiles) }

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
	revision, err := d.store.Revision(ctx, accountID)
	if err != nil {
		return nil, err
	}
	types, err := d.loadTypes(ctx, accountID)
	if err != nil {
		return nil, err
	}
	profiles, err := d.loadProfiles(ctx, accountID)
	if err != nil || accountID == "" {
		return &view{types: types, profiles: profiles}, err
	}
	operator, err := d.view(ctx, "")
	if err != nil {
		return nil, err
	}
	account, err := d.store.Account(ctx, accountID)
	if err != nil {
		return nil, err
	}
	v := &view{
		at: presentOf(d.node), revision: revision, account: account, byID: make(map[string]*endpointView),
		profiles: profiles, shared: operator.profiles, types: types,
	}
	page := store.Page{Limit: MaxLimit}
	for {
		endpoints, err := d.store.ListEndpoints(ctx, accountID, page)
		if err != nil {
			return nil, err
		}
		for _, e := range endpoints {
			ev := v.newEndpointView(e)
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

func (v *view) newEndpointView(e *ringback.Endpoint) *endpointView {
	ev := &endpointView{Endpoint: e, signing: unknownProfile(e.Profile)}
	if p, ok := v.profile(e.Profile); ok {
		ev.signing = newSigning(p.Profile, e.Secret, e.PreviousSecrets, v.at)
	}
	for i := range ev.signing {
		t := &ev.signing[i].Target
		t.URL, t.Headers, t.IncludeResult, t.Timeout = e.URL, e.Headers, e.IncludeResult, e.Timeout
		t.RateLimit, t.CreatedAt = e.RateLimit, e.CreatedAt
		if e.RetrySchedule != nil {
			t.Schedule = e.RetrySchedule
		}
		if !e.Enabled {
			t.Gone = disabledBecause(e.DisabledReason)
		}
	}
	return ev
}

// callback says how the account's callbacks in a profile are signed.
func (v *view) callback(profile string) signing {
	if made, ok := v.callbacks.Load(profile); ok {
		return made.(signing) //nolint:errcheck,forcetypeassert // the map holds nothing else
	}
	p, ok := v.profile(profile)
	if !ok {
		return unknownProfile(profile) // not kept: anything may be asked for
	}
	made := newCallbackSigning(p.Profile, v.account, v.at)
	v.callbacks.Store(profile, made)
	return made
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
			return ep.signing.at(t.e.now()), nil
		}
		return &dispatch.Target{URL: d.URL, Profile: webhook.Profile{Name: d.Profile}, Gone: reasonDeleted}, nil
	}
	target := *v.callback(d.Profile).at(t.e.now())
	target.URL, target.IncludeResult = d.URL, job.IncludeResult
	return &target, nil
}

// Limited says whether a queue's destination has a rate limit: endpoints may.
func (t targets) Limited(ctx context.Context, queueName string) (bool, error) {
	accountID, destination, _ := strings.Cut(queueName, "/")
	if !ringback.ValidID(ringback.PrefixEndpoint, destination) {
		return false, nil
	}
	v, err := t.e.directory.view(ctx, accountID)
	if err != nil {
		return false, err
	}
	ep := v.byID[destination]
	return ep != nil && ep.RateLimit > 0, nil
}
