package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// Profile is a wire format and whose it is.
type Profile struct {
	webhook.Profile

	Owner     ProfileOwner
	CreatedAt time.Time // zero if it is built in, as UpdatedAt
	UpdatedAt time.Time
}

// ProfileOwner says whose a profile is.
type ProfileOwner string

const (
	BuiltIn    ProfileOwner = "built-in" // every account's
	OfOperator ProfileOwner = "operator" // every account's that has none of the name
	OfAccount  ProfileOwner = "account"
)

// customProfile makes a profile of a custom one: one signature in the header,
// with the secret as it is for an HMAC and a key of its own form for ed25519.
// Unsigned calls are for HMACs alone, since such keys are made by the server.
func customProfile(c *ringback.CustomProfile) *Profile {
	p := &Profile{Owner: OfAccount, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Profile: webhook.Profile{
		Name: c.Name, Shape: webhook.Shape(c.Shape), SignatureHeader: c.Header, UserAgent: c.UserAgent,
		RetrySchedule: c.RetrySchedule, IncludeResult: c.IncludeResult, Content: webhook.Content(c.Content),
		Algorithm: webhook.Algorithm(c.Algorithm), KeyForm: webhook.KeyText, Encoding: webhook.Encoding(c.Encoding),
		Prefix: c.Prefix, Layout: webhook.LayoutOne, Unsigned: true,
	}}
	if p.Algorithm == webhook.AlgorithmEd25519 {
		p.KeyForm, p.Unsigned = webhook.KeyWhsk, false
	}
	if c.AccountID == "" {
		p.Owner = OfOperator
	}
	return p
}

// loadProfiles reads an owner's custom profiles, by name.
func (d *directory) loadProfiles(ctx context.Context, owner string) (map[string]*Profile, error) {
	all, err := d.store.ListProfiles(ctx, owner)
	if err != nil {
		return nil, err
	}
	profiles := make(map[string]*Profile, len(all))
	for _, c := range all {
		profiles[c.Name] = customProfile(c)
	}
	return profiles, nil
}

// forgetProfiles drops what follows from an owner's custom profiles: of the
// operator's every view.
func (d *directory) forgetProfiles(owner string) {
	if owner != "" {
		d.forget(owner)
		return
	}
	d.forgetAll()
}

// forgetAll drops every view.
func (d *directory) forgetAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes++
	clear(d.views)
	d.kept = 0
}

// ownerView gives the view of an account or, with "", of the operator.
func (e *Engine) ownerView(ctx context.Context, owner string) (*view, error) {
	v, err := e.directory.view(ctx, owner)
	return v, found(err, "account", owner)
}

// profile finds a profile as the account sees it.
func (v *view) profile(name string) (*Profile, bool) {
	if p, ok := webhook.Lookup(name); ok {
		return &Profile{Profile: p, Owner: BuiltIn}, true
	}
	if p := v.profiles[name]; p != nil {
		return p, true
	}
	p := v.shared[name]
	return p, p != nil
}

// checkProfile finds a profile that a caller names.
func (v *view) checkProfile(field, name string) (webhook.Profile, error) {
	if p, ok := v.profile(name); ok {
		return p.Profile, nil
	}
	known := make([]string, 0, len(webhook.Profiles()))
	for _, p := range webhook.Profiles() {
		known = append(known, p.Name)
	}
	return webhook.Profile{}, ringback.Invalid(field, "%q is not a profile; those are %s, and custom ones (GET /v1/profiles lists all)",
		shorten(name), strings.Join(known, ", "))
}

// Profile gives a profile as the owner sees it.
func (e *Engine) Profile(ctx context.Context, owner, name string) (*Profile, error) {
	v, err := e.ownerView(ctx, owner)
	if err != nil {
		return nil, err
	}
	p, ok := v.profile(name)
	if !ok {
		return nil, noProfile(owner, name)
	}
	return p, nil
}

// Profiles lists the profiles that the owner sees: the built-in ones by name,
// and then the others by name.
func (e *Engine) Profiles(ctx context.Context, owner string, p Paging) (*List[Profile], error) {
	page, err := p.page(ringback.ValidProfileName)
	if err != nil {
		return nil, err
	}
	v, err := e.ownerView(ctx, owner)
	if err != nil {
		return nil, err
	}
	all := v.allProfiles()
	if page.Before != "" {
		_, builtIn := webhook.Lookup(page.Before)
		all = slices.DeleteFunc(all, func(p *Profile) bool {
			if builtIn != (p.Owner == BuiltIn) {
				return !builtIn
			}
			return p.Name <= page.Before
		})
	}
	return list(all[:min(len(all), page.Limit)], p.Limit, func(p *Profile) string { return p.Name }), nil
}

func (v *view) allProfiles() (all []*Profile) {
	for _, p := range webhook.Profiles() {
		all = append(all, &Profile{Profile: p, Owner: BuiltIn})
	}
	custom := len(all)
	for _, p := range v.profiles {
		all = append(all, p)
	}
	for name, p := range v.shared {
		if v.profiles[name] == nil {
			all = append(all, p)
		}
	}
	slices.SortFunc(all[custom:], func(a, b *Profile) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// ProfileLookup gives what finds the profiles of an account, as they are now.
func (e *Engine) ProfileLookup(ctx context.Context, accountID string) (func(name string) (webhook.Profile, bool), error) {
	v, err := e.ownerView(ctx, accountID)
	if err != nil {
		return nil, err
	}
	return func(name string) (webhook.Profile, bool) {
		p, ok := v.profile(name)
		if !ok {
			return webhook.Profile{Name: name}, false
		}
		return p.Profile, true
	}, nil
}
