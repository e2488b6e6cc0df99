package api

import (
	"context"
	"fmt"
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// Endpoint is an endpoint as answers show it: without its secret.
type Endpoint struct {
	ID                  string            `json:"id"`
	Name                string            `json:"name"`
	URL                 string            `json:"url"`
	EventTypes          []string          `json:"event_types" doc:"Patterns: exact types, \"prefix.*\", \"*\""`
	Profile             string            `json:"profile" doc:"The wire format"`
	Signature           string            `json:"signature,omitempty" enum:"v1,v1a" doc:"Where the profile leaves a choice: v1, HMAC-SHA256 with a secret, or v1a, ed25519 with a key that stays here"`
	Signed              bool              `json:"signed" doc:"Whether there is a secret that calls are signed with"`
	PreviousSecretUntil Instant           `json:"previous_secret_until,omitzero" doc:"While a rotation is under way: until when a previous secret signs"`
	IncludeResult       bool              `json:"include_result" doc:"Whether calls include the results of jobs, where the profile leaves a choice"`
	Enabled             bool              `json:"enabled"`
	DisabledReason      string            `json:"disabled_reason,omitempty"`
	DisabledAt          Instant           `json:"disabled_at,omitzero"`
	FailingSince        Instant           `json:"failing_since,omitzero" doc:"When the present row of failures began"`
	Headers             map[string]string `json:"headers" doc:"Sent with every call"`
	RetrySchedule       []string          `json:"retry_schedule" doc:"The delays that are in force, each after a failed attempt; empty = no retry"`
	TimeoutSeconds      int               `json:"timeout_seconds" doc:"How long one attempt may take as a whole, in seconds"`
	RateLimit           *float64          `json:"rate_limit_per_second" doc:"How many attempts may start in a second, evenly spaced, retries among them; null = no limit"`
	CreatedAt           Instant           `json:"created_at"`
	UpdatedAt           Instant           `json:"updated_at"`
	Warnings            []string          `json:"warnings,omitempty" doc:"What should be changed; in the answers to changes"`
}

// CreatedEndpoint is a new endpoint.
type CreatedEndpoint struct {
	Endpoint

	Secret *string `json:"secret" doc:"What calls are signed with, null if they are not, or with a key that stays here; shown here and by getEndpointSecret alone"`
	VerifyingKey
}

// EndpointCreation is the body of createEndpoint.
type EndpointCreation struct {
	Name           optional[string]            `json:"name,omitzero" doc:"To tell it from others; at most 256 bytes"`
	URL            string                      `json:"url" doc:"Called exactly as written" example:"https://customer.example/hook"`
	EventTypes     []string                    `json:"event_types" doc:"Which events it gets: exact types, \"prefix.*\", \"*\"; 1 to 200"`
	Profile        nullable[string]            `json:"profile,omitzero" minLength:"1" doc:"The wire format; standard if left out"`
	Secret         nullable[string]            `json:"secret,omitzero" doc:"What calls are signed with; generated if left out, null = unsigned, which the profile standard does not allow"`
	Signature      optional[string]            `json:"signature,omitzero" enum:"v1,v1a" doc:"Of the profile standard: v1, HMAC-SHA256 with a secret, if left out, or v1a, ed25519 with a key that the server makes and keeps"`
	IncludeResult  optional[bool]              `json:"include_result,omitzero" doc:"As the profile has it if left out"`
	Enabled        optional[bool]              `json:"enabled,omitzero" doc:"true if left out"`
	Headers        optional[map[string]string] `json:"headers,omitzero" doc:"Sent with every call; at most 20"`
	RetrySchedule  nullable[[]string]          `json:"retry_schedule,omitzero" doc:"Delays such as \"5s\", \"5m\", \"1h30m\", \"250ms\", each after a failed attempt, at most 50; the profile's if left out or null, [] = no retry"`
	TimeoutSeconds optional[int]               `json:"timeout_seconds,omitzero" minimum:"1" maximum:"60" doc:"How long one attempt may take as a whole, in seconds; 15 if left out"`
	RateLimit      nullable[float64]           `json:"rate_limit_per_second,omitzero" minimum:"0.001" maximum:"10000" doc:"How many attempts may start in a second, evenly spaced, retries among them; no limit if left out or null"`
}

// EndpointChange is the body of updateEndpoint. What is left out stays.
type EndpointChange struct {
	Name           optional[string]            `json:"name,omitzero"`
	URL            optional[string]            `json:"url,omitzero"`
	EventTypes     optional[[]string]          `json:"event_types,omitzero" doc:"Replaces all"`
	Profile        optional[string]            `json:"profile,omitzero"`
	Secret         nullable[string]            `json:"secret,omitzero" doc:"null = unsigned"`
	Signature      optional[string]            `json:"signature,omitzero" enum:"v1,v1a" doc:"Another one has a secret or key made for it, at once"`
	IncludeResult  optional[bool]              `json:"include_result,omitzero"`
	Enabled        optional[bool]              `json:"enabled,omitzero" doc:"false cancels what is pending; true lets it begin afresh"`
	Headers        optional[map[string]string] `json:"headers,omitzero" doc:"Replaces all"`
	RetrySchedule  nullable[[]string]          `json:"retry_schedule,omitzero" doc:"null = the profile's, [] = no retry"`
	TimeoutSeconds optional[int]               `json:"timeout_seconds,omitzero" minimum:"1" maximum:"60" doc:"In seconds"`
	RateLimit      nullable[float64]           `json:"rate_limit_per_second,omitzero" minimum:"0.001" maximum:"10000" doc:"null = no limit"`
}

type createEndpointInput struct{ Body EndpointCreation }

type createEndpointOutput struct{ Body CreatedEndpoint }

type endpointInput struct {
	ID string `path:"id"`
}

type endpointOutput struct{ Body Endpoint }

type updateEndpointInput struct {
	ID   string `path:"id"`
	Body EndpointChange
}

func (a *API) createEndpoint(ctx context.Context, in *createEndpointInput) (*createEndpointOutput, error) {
	b := &in.Body
	schedule, err := parseSchedule(b.RetrySchedule.maybe)
	if err != nil {
		return nil, err
	}
	profiles, err := a.profiles(ctx, callOf(ctx).accountID)
	if err != nil {
		return nil, err
	}
	ep, err := a.engine.CreateEndpoint(ctx, callOf(ctx).accountID, engine.CreateEndpointParams{
		Name: b.Name.get(), URL: b.URL, EventTypes: b.EventTypes, Profile: b.Profile.get(), Secret: b.Secret.maybe,
		Signature:     b.Signature.get(),
		IncludeResult: b.IncludeResult.maybe, Enabled: b.Enabled.maybe, Headers: b.Headers.get(),
		RetrySchedule: schedule, Timeout: ofSeconds(b.TimeoutSeconds.get()), RateLimit: b.RateLimit.get(),
	})
	if err != nil {
		return nil, err
	}
	out := &createEndpointOutput{CreatedEndpoint{Endpoint: showEndpoint(ep, profiles), Secret: showSecret(ep.Secret), VerifyingKey: showPublicKey(ep.Secret)}}
	out.Body.Warnings = warnings(ep.Secret)
	return out, nil
}

func (a *API) getEndpoint(ctx context.Context, in *endpointInput) (*endpointOutput, error) {
	profiles, err := a.profiles(ctx, callOf(ctx).accountID)
	if err != nil {
		return nil, err
	}
	ep, err := a.engine.Endpoint(ctx, callOf(ctx).accountID, in.ID)
	if err != nil {
		return nil, err
	}
	return &endpointOutput{showEndpoint(ep, profiles)}, nil
}

func (a *API) listEndpoints(ctx context.Context, in *PageParams) (*listOutput[Endpoint], error) {
	profiles, err := a.profiles(ctx, callOf(ctx).accountID)
	if err != nil {
		return nil, err
	}
	l, err := a.engine.Endpoints(ctx, callOf(ctx).accountID, in.paging())
	if err != nil {
		return nil, err
	}
	return show(l, func(ep *ringback.Endpoint) Endpoint { return showEndpoint(ep, profiles) }), nil
}

func (a *API) updateEndpoint(ctx context.Context, in *updateEndpointInput) (*endpointOutput, error) {
	b := &in.Body
	schedule, err := parseSchedule(b.RetrySchedule.maybe)
	if err != nil {
		return nil, err
	}
	profiles, err := a.profiles(ctx, callOf(ctx).accountID)
	if err != nil {
		return nil, err
	}
	var before *ringback.Endpoint
	if b.Signature.given() && !b.Secret.maybe.Set {
		if before, err = a.engine.Endpoint(ctx, callOf(ctx).accountID, in.ID); err != nil {
			return nil, err
		}
	}
	ep, err := a.engine.UpdateEndpoint(ctx, callOf(ctx).accountID, in.ID, engine.UpdateEndpointParams{
		Name: b.Name.maybe, URL: b.URL.maybe, EventTypes: b.EventTypes.maybe, Profile: b.Profile.maybe, Secret: b.Secret.maybe,
		Signature:     b.Signature.maybe,
		IncludeResult: b.IncludeResult.maybe, Enabled: b.Enabled.maybe, Headers: b.Headers.maybe,
		RetrySchedule: schedule, Timeout: convert(b.TimeoutSeconds.maybe, ofSeconds), RateLimit: b.RateLimit.maybe,
	})
	if err != nil {
		return nil, err
	}
	out := &endpointOutput{showEndpoint(ep, profiles)}
	out.Body.Warnings = warnings(ep.Secret)
	if before != nil && before.Secret != ep.Secret {
		out.Body.Warnings = append(out.Body.Warnings, "calls are signed with another secret or key from now on; GET /v1/endpoints/"+ep.ID+"/secret shows what receivers need")
	}
	return out, nil
}

func (a *API) deleteEndpoint(ctx context.Context, in *endpointInput) (*struct{}, error) {
	return nil, a.engine.DeleteEndpoint(ctx, callOf(ctx).accountID, in.ID)
}

func (a *API) getEndpointSecret(ctx context.Context, in *endpointInput) (*secretOutput, error) {
	ep, err := a.engine.Endpoint(ctx, callOf(ctx).accountID, in.ID)
	if err != nil {
		return nil, err
	}
	return &secretOutput{revealSecret(ep.Secret, ep.PreviousSecrets)}, nil
}

// parseSchedule reads delays such as "1h30m".
func parseSchedule(given engine.Maybe[[]string]) (engine.Maybe[[]time.Duration], error) {
	m := engine.Maybe[[]time.Duration]{Set: given.Set, Null: given.Null}
	if !given.Set || given.Null {
		return m, nil
	}
	m.Value = make([]time.Duration, len(given.Value))
	for i, text := range given.Value {
		d, err := time.ParseDuration(text)
		if err != nil {
			return m, ringback.Invalid(fmt.Sprintf("retry_schedule[%d]", i),
				`%q is no delay; write numbers with units, such as "5s", "5m", "1h30m" or "250ms"`, limit(text, maxFieldName))
		}
		m.Value[i] = d
	}
	return m, nil
}

func showEndpoint(ep *ringback.Endpoint, profiles profileOf) Endpoint {
	profile, _ := profiles(ep.Profile)
	schedule := ep.RetrySchedule
	if schedule == nil {
		schedule = profile.Schedule()
	}
	v := Endpoint{
		ID: ep.ID, Name: ep.Name, URL: ep.URL, EventTypes: ep.EventTypes, Profile: ep.Profile, Signed: ep.Secret != "",
		PreviousSecretUntil: Instant{ringback.PreviousUntil(ep.PreviousSecrets, time.Now())},
		IncludeResult:       ep.IncludeResult, Enabled: ep.Enabled, DisabledReason: ep.DisabledReason, DisabledAt: Instant{ep.DisabledAt},
		FailingSince: Instant{ep.FailingSince}, Headers: ep.Headers, RetrySchedule: showSchedule(schedule),
		TimeoutSeconds: seconds(ep.Timeout), CreatedAt: Instant{ep.CreatedAt}, UpdatedAt: Instant{ep.UpdatedAt},
	}
	if profile.Ed25519Prefix != "" {
		v.Signature = ep.Signature()
	}
	if ep.RateLimit > 0 {
		v.RateLimit = &ep.RateLimit
	}
	if v.Headers == nil {
		v.Headers = map[string]string{}
	}
	return v
}

func showSchedule(schedule []time.Duration) []string {
	texts := make([]string, len(schedule))
	for i, d := range schedule {
		texts[i] = delayText(d)
	}
	return texts
}
