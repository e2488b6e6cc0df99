package engine

import (
	"context"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// CreateProfileParams describes a custom profile. Name, Shape and Header are
// needed.
type CreateProfileParams struct {
	Name          string
	Shape         string
	Header        string
	Algorithm     string // "" = hmac-sha256
	Encoding      string // "" = hex
	Prefix        string
	Content       string                 // "" = body
	IncludeResult Maybe[bool]            // default true
	RetrySchedule Maybe[[]time.Duration] // null = the default
	UserAgent     string                 // "" = the server's own
}

// CreateProfile makes a custom profile of an account or, with the owner "", of
// the operator, for every account.
func (e *Engine) CreateProfile(ctx context.Context, owner string, p CreateProfileParams) (*Profile, error) {
	at := e.now()
	c := &ringback.CustomProfile{
		AccountID: owner, Name: p.Name, Shape: p.Shape, Header: p.Header,
		Algorithm: string(webhook.AlgorithmHMACSHA256), Encoding: string(webhook.EncodingHex), Prefix: p.Prefix,
		Content: string(webhook.ContentBody), IncludeResult: !p.IncludeResult.Set || p.IncludeResult.Value,
		RetrySchedule: p.RetrySchedule.Value, UserAgent: p.UserAgent, CreatedAt: at, UpdatedAt: at,
	}
	setGiven(&c.Algorithm, p.Algorithm)
	setGiven(&c.Encoding, p.Encoding)
	setGiven(&c.Content, p.Content)
	made, err := checkCustom(c)
	if err != nil {
		return nil, err
	}
	err = e.changingProfiles(ctx, owner, func(ctx context.Context, v *view) error { return e.createProfile(ctx, v, c, made) })
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (e *Engine) createProfile(ctx context.Context, v *view, c *ringback.CustomProfile, made *Profile) error {
	owner := c.AccountID
	if hidden := v.shared[c.Name]; hidden != nil && v.profiles[c.Name] == nil && hidden.KeyForm != made.KeyForm {
		if err := e.checkKeysUnused(ctx, owner, c.Name); err != nil {
			return err
		}
	}
	err := e.store.InsertProfile(ctx, c, ringback.MaxProfiles)
	e.directory.forgetProfiles(owner)
	switch {
	case errors.Is(err, store.ErrExists):
		return &ringback.Error{
			Code: ringback.CodeAlreadyExists, Field: "name",
			Message: "there is a profile " + c.Name + " already; change it with PATCH /v1/profiles/" + c.Name,
		}
	case errors.Is(err, store.ErrLimit):
		return ringback.Errorf(ringback.CodeInvalid, "there are %d custom profiles, which is the limit; delete one first", ringback.MaxProfiles)
	}
	return unavailable(err)
}

func setGiven(to *string, value string) {
	if value != "" {
		*to = value
	}
}

// checkCustom says whether a custom profile can be kept, and what it is as a
// profile.
func checkCustom(c *ringback.CustomProfile) (*Profile, error) {
	p := customProfile(c)
	if wrong, ok := errors.AsType[*webhook.ProfileError](p.Check()); ok {
		return nil, ringback.Invalid(wrong.Field, "%s", wrong.Problem)
	}
	return p, checkSchedule("retry_schedule", c.RetrySchedule)
}

// UpdateProfileParams is a change of a custom profile. It holds from the next
// attempt on, for what is pending too.
type UpdateProfileParams struct {
	Shape         Maybe[string]
	Header        Maybe[string]
	Algorithm     Maybe[string]
	Encoding      Maybe[string]
	Prefix        Maybe[string]
	Content       Maybe[string]
	IncludeResult Maybe[bool]            // of endpoints that are made from then on
	RetrySchedule Maybe[[]time.Duration] // null = the default
	UserAgent     Maybe[string]          // "" = the server's own
}

// UpdateProfile changes a custom profile of the owner's own.
func (e *Engine) UpdateProfile(ctx context.Context, owner, name string, p UpdateProfileParams) (*Profile, error) {
	var made *Profile
	err := e.changingProfiles(ctx, owner, func(ctx context.Context, v *view) (err error) {
		made, err = e.updateProfile(ctx, v, owner, name, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (e *Engine) updateProfile(ctx context.Context, v *view, owner, name string, p UpdateProfileParams) (*Profile, error) {
	if err := v.checkOwnProfile(owner, name); err != nil {
		return nil, err
	}
	var made *Profile
	_, err := e.store.UpdateProfile(ctx, owner, name, func(c *ringback.CustomProfile) (err error) {
		before := customProfile(c)
		p.apply(c, e.now())
		if made, err = checkCustom(c); err != nil || made.KeyForm == before.KeyForm {
			return err
		}
		return e.checkKeysUnused(ctx, owner, name)
	})
	e.directory.forgetProfiles(owner)
	if errors.Is(err, store.ErrNotFound) {
		return nil, noProfile(owner, name)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	return made, nil
}

func (p *UpdateProfileParams) apply(c *ringback.CustomProfile, at time.Time) {
	set(&c.Shape, p.Shape)
	set(&c.Header, p.Header)
	set(&c.Algorithm, p.Algorithm)
	set(&c.Encoding, p.Encoding)
	set(&c.Prefix, p.Prefix)
	set(&c.Content, p.Content)
	set(&c.IncludeResult, p.IncludeResult)
	set(&c.RetrySchedule, p.RetrySchedule)
	set(&c.UserAgent, p.UserAgent)
	c.UpdatedAt = at
}

// DeleteProfile deletes a custom profile of the owner's own that nobody uses.
// Jobs that have yet to call back in it are not looked for: attempts of their
// callbacks fail while there is no profile of that name.
func (e *Engine) DeleteProfile(ctx context.Context, owner, name string) error {
	return e.changingProfiles(ctx, owner, func(ctx context.Context, v *view) error { return e.deleteProfile(ctx, v, owner, name) })
}

func (e *Engine) deleteProfile(ctx context.Context, v *view, owner, name string) error {
	if err := v.checkOwnProfile(owner, name); err != nil {
		return err
	}
	user, err := e.profileUser(ctx, owner, name)
	if err != nil {
		return err
	}
	if user != "" {
		return ringback.Errorf(ringback.CodeProfileInUse, "%s has the profile %s; choose another one there first", user, name)
	}
	err = e.store.DeleteProfile(ctx, owner, name)
	e.directory.forgetProfiles(owner)
	if errors.Is(err, store.ErrNotFound) {
		return noProfile(owner, name)
	}
	return unavailable(err)
}

// checkOwnProfile refuses names of profiles that the owner cannot change.
func (v *view) checkOwnProfile(owner, name string) error {
	p, ok := v.profile(name)
	switch {
	case !ok:
		return noProfile(owner, name)
	case p.Owner == BuiltIn:
		return ringback.Invalid("name", "the profile %s is built in and cannot be changed; make one of another name", name)
	case v.profiles[name] == nil:
		return ringback.Errorf(ringback.CodeOperatorOnly,
			"the profile %s is the operator's and holds for every account; make one of the same name to have your own instead", name)
	}
	return nil
}

// checkKeysUnused refuses a change between a secret and an ed25519 key as what
// signs: who has the profile could not sign any more.
func (e *Engine) checkKeysUnused(ctx context.Context, owner, name string) error {
	user, err := e.profileUser(ctx, owner, name)
	if err != nil || user == "" {
		return err
	}
	return &ringback.Error{
		Code: ringback.CodeProfileInUse, Field: "algorithm",
		Message: user + " has the profile " + name + ", and what it signs with is of no use to the other algorithm; make a profile of another name instead",
	}
}

// profileUser tells of somebody who has a profile; "" is nobody.
func (e *Engine) profileUser(ctx context.Context, owner, name string) (string, error) {
	u, err := e.store.ProfileUser(ctx, owner, name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", nil
	case err != nil:
		return "", unavailable(err)
	case u.EndpointID == "":
		return "the account " + u.AccountID + ", for its callbacks,", nil
	case owner == "":
		return "the endpoint " + u.EndpointID + " of the account " + u.AccountID, nil
	}
	return "the endpoint " + u.EndpointID, nil
}

func noProfile(owner, name string) error {
	if owner == "" {
		return ringback.Errorf(ringback.CodeNotFound, "there is no profile %q that holds for every account", shorten(name))
	}
	return ringback.NotFound("profile", shorten(name))
}
