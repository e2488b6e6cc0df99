package api

import (
	"context"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/webhook"
)

// Profile is a wire format as answers show it.
type Profile struct {
	Name          string         `json:"name"`
	Owner         string         `json:"owner" enum:"built-in,operator,account" doc:"operator: it holds for every account that has none of its own of the same name"`
	Shape         string         `json:"shape" enum:"standard,unitary,unitary-flat,inkit,sharpapi,raw" doc:"Of the body"`
	Header        string         `json:"header" doc:"The header that the signature is in"`
	Algorithm     string         `json:"algorithm" enum:"hmac-sha256,hmac-sha512,hmac-sha1,ed25519"`
	Encoding      string         `json:"encoding" enum:"hex,base64" doc:"Of the signature"`
	Prefix        string         `json:"prefix" doc:"What stands before the signature"`
	Content       string         `json:"content" enum:"body,id.timestamp.body,timestamp.body" doc:"What is signed; the id and the time are sent in webhook-id and webhook-timestamp"`
	IncludeResult bool           `json:"include_result" doc:"Whether endpoints get the results of jobs unless they say otherwise"`
	RetrySchedule []string       `json:"retry_schedule" doc:"The delays, each after a failed attempt, of endpoints that have none of their own; empty = no retry"`
	UserAgent     string         `json:"user_agent,omitempty" doc:"Absent: the server's own"`
	CreatedAt     Instant        `json:"created_at,omitzero" doc:"Absent if it is built in"`
	UpdatedAt     Instant        `json:"updated_at,omitzero" doc:"Absent if it is built in"`
	Example       ProfileExample `json:"example" doc:"A call in this profile, to check a receiver with"`
}

// ProfileExample is a call of a fixed event.
type ProfileExample struct {
	Headers   map[string]string `json:"headers" doc:"By their names on the wire; without those that HTTP itself needs"`
	Body      string            `json:"body" doc:"Byte for byte"`
	Secret    string            `json:"secret,omitempty" doc:"What signed it: a sample that everybody knows. Absent with ed25519"`
	PublicKey string            `json:"public_key,omitempty" doc:"With ed25519: what verifies it"`
}

// ProfilePage is a page of the profiles.
type ProfilePage struct {
	Items      []Profile `json:"items" doc:"The built-in ones sorted by name, and then the others sorted by name"`
	NextCursor string    `json:"next_cursor,omitempty" doc:"Give it as cursor to get the next page; absent on the last one"`
}

// ProfileCreation is the body of createProfile.
type ProfileCreation struct {
	Name          string             `json:"name" doc:"1 to 64 of a-z, 0-9 and -; not a built-in profile's" example:"acme"`
	Shape         string             `json:"shape" enum:"standard,unitary,unitary-flat,inkit,sharpapi,raw" doc:"Of the body; raw is the event's data as it is"`
	Header        string             `json:"header" doc:"The header that the signature is in: a token of at most 64 bytes that has no other meaning" example:"X-Acme-Signature"`
	Algorithm     optional[string]   `json:"algorithm,omitzero" enum:"hmac-sha256,hmac-sha512,hmac-sha1,ed25519" doc:"hmac-sha256 if left out"`
	Encoding      optional[string]   `json:"encoding,omitzero" enum:"hex,base64" doc:"hex if left out"`
	Prefix        optional[string]   `json:"prefix,omitzero" doc:"What stands before the signature, e.g. \"sha512=\": at most 32 bytes of visible ASCII; nothing if left out"`
	Content       optional[string]   `json:"content,omitzero" enum:"body,id.timestamp.body,timestamp.body" doc:"What is signed; body if left out"`
	IncludeResult optional[bool]     `json:"include_result,omitzero" doc:"Whether endpoints get the results of jobs unless they say otherwise; true if left out"`
	RetrySchedule nullable[[]string] `json:"retry_schedule,omitzero" doc:"Delays as endpoints have them; the default if left out or null, [] = no retry"`
	UserAgent     optional[string]   `json:"user_agent,omitzero" doc:"At most 128 bytes of visible ASCII, and spaces within; the server's own if left out"`
}

// ProfileChange is the body of updateProfile. What is left out stays.
type ProfileChange struct {
	Shape         optional[string]   `json:"shape,omitzero" enum:"standard,unitary,unitary-flat,inkit,sharpapi,raw"`
	Header        optional[string]   `json:"header,omitzero"`
	Algorithm     optional[string]   `json:"algorithm,omitzero" enum:"hmac-sha256,hmac-sha512,hmac-sha1,ed25519" doc:"Between ed25519 and the others only while nobody has the profile"`
	Encoding      optional[string]   `json:"encoding,omitzero" enum:"hex,base64"`
	Prefix        optional[string]   `json:"prefix,omitzero"`
	Content       optional[string]   `json:"content,omitzero" enum:"body,id.timestamp.body,timestamp.body"`
	IncludeResult optional[bool]     `json:"include_result,omitzero" doc:"Of endpoints that are made from then on"`
	RetrySchedule nullable[[]string] `json:"retry_schedule,omitzero" doc:"null = the default, [] = no retry"`
	UserAgent     optional[string]   `json:"user_agent,omitzero" doc:"\"\" = the server's own"`
}

type createProfileInput struct{ Body ProfileCreation }

type profileInput struct {
	Name string `path:"name"`
}

type updateProfileInput struct {
	Name string `path:"name"`
	Body ProfileChange
}

type profileOutput struct{ Body Profile }

type profilePageOutput struct{ Body ProfilePage }

func (a *API) createProfile(ctx context.Context, in *createProfileInput) (*profileOutput, error) {
	b := &in.Body
	schedule, err := parseSchedule(b.RetrySchedule.maybe)
	if err != nil {
		return nil, err
	}
	p, err := a.engine.CreateProfile(ctx, callOf(ctx).accountID, engine.CreateProfileParams{
		Name: b.Name, Shape: b.Shape, Header: b.Header, Algorithm: b.Algorithm.get(), Encoding: b.Encoding.get(),
		Prefix: b.Prefix.get(), Content: b.Content.get(), IncludeResult: b.IncludeResult.maybe,
		RetrySchedule: schedule, UserAgent: b.UserAgent.get(),
	})
	return profileAnswer(p, err)
}

func (a *API) getProfile(ctx context.Context, in *profileInput) (*profileOutput, error) {
	return profileAnswer(a.engine.Profile(ctx, callOf(ctx).accountID, in.Name))
}

func (a *API) listProfiles(ctx context.Context, in *PageParams) (*profilePageOutput, error) {
	l, err := a.engine.Profiles(ctx, callOf(ctx).accountID, in.paging())
	if err != nil {
		return nil, err
	}
	out := &profilePageOutput{ProfilePage{Items: make([]Profile, len(l.Items)), NextCursor: l.Next}}
	for i, p := range l.Items {
		if out.Body.Items[i], err = showProfile(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a *API) updateProfile(ctx context.Context, in *updateProfileInput) (*profileOutput, error) {
	b := &in.Body
	schedule, err := parseSchedule(b.RetrySchedule.maybe)
	if err != nil {
		return nil, err
	}
	p, err := a.engine.UpdateProfile(ctx, callOf(ctx).accountID, in.Name, engine.UpdateProfileParams{
		Shape: b.Shape.maybe, Header: b.Header.maybe, Algorithm: b.Algorithm.maybe, Encoding: b.Encoding.maybe,
		Prefix: b.Prefix.maybe, Content: b.Content.maybe, IncludeResult: b.IncludeResult.maybe,
		RetrySchedule: schedule, UserAgent: b.UserAgent.maybe,
	})
	return profileAnswer(p, err)
}

func (a *API) deleteProfile(ctx context.Context, in *profileInput) (*struct{}, error) {
	return nil, a.engine.DeleteProfile(ctx, callOf(ctx).accountID, in.Name)
}

func profileAnswer(p *engine.Profile, err error) (*profileOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := showProfile(p)
	return &profileOutput{v}, err
}

func showProfile(p *engine.Profile) (Profile, error) {
	x, err := p.Example()
	if err != nil {
		return Profile{}, err
	}
	return Profile{
		Name: p.Name, Owner: string(p.Owner), Shape: string(p.Shape), Header: p.SignatureHeader,
		Algorithm: string(p.Algorithm), Encoding: string(p.Encoding), Prefix: p.Prefix, Content: string(p.Content),
		IncludeResult: p.IncludeResult, RetrySchedule: showSchedule(p.Schedule()), UserAgent: p.UserAgent,
		CreatedAt: Instant{p.CreatedAt}, UpdatedAt: Instant{p.UpdatedAt},
		Example: ProfileExample{Headers: x.Headers, Body: x.Body, Secret: x.Secret, PublicKey: x.PublicKey},
	}, nil
}

// profileOf finds the profile that an endpoint or account has.
type profileOf func(name string) (p webhook.Profile, known bool)

// profiles gives those of the account that a call is about. A handler asks
// before it changes anything, so that a fault does not hide what it did.
func (a *API) profiles(ctx context.Context, accountID string) (profileOf, error) {
	return a.engine.ProfileLookup(ctx, accountID)
}
