package engine

import (
	"context"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// CreateEndpointParams describes a new endpoint. Members that are not set get
// their defaults: profile standard, a generated secret, the profile's
// include-result and retry schedule, enabled, 15 s.
type CreateEndpointParams struct {
	Name          string
	URL           string
	EventTypes    []string
	Profile       string
	Secret        Maybe[string]
	Signature     string // of the profile standard; "" = v1
	IncludeResult Maybe[bool]
	Enabled       Maybe[bool]
	Headers       map[string]string
	RetrySchedule Maybe[[]time.Duration]
	Timeout       time.Duration // 0 = default
	RateLimit     float64       // attempts a second; 0 = no limit
}

// CreateEndpoint makes an endpoint; its Secret is in the answer.
func (e *Engine) CreateEndpoint(ctx context.Context, accountID string, p CreateEndpointParams) (*ringback.Endpoint, error) {
	if p.Profile == "" {
		p.Profile = ringback.DefaultCallbackProfile
	}
	var ep *ringback.Endpoint
	err := e.usingProfiles(ctx, accountID, func(ctx context.Context, v *view) (err error) {
		ep, err = e.createEndpoint(ctx, v, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ep, nil
}

func (e *Engine) createEndpoint(ctx context.Context, v *view, p CreateEndpointParams) (*ringback.Endpoint, error) {
	profile, err := v.checkProfile("profile", p.Profile)
	if err != nil {
		return nil, err
	}
	secret, err := newEndpointSecret(profile, p.Signature, p.Secret)
	if err != nil {
		return nil, err
	}
	at := e.now()
	ep := &ringback.Endpoint{
		ID: ringback.NewID(ringback.PrefixEndpoint, at), AccountID: v.account.ID,
		Name: p.Name, URL: p.URL, EventTypes: p.EventTypes, Profile: p.Profile, Secret: secret,
		IncludeResult: profile.IncludeResult, Enabled: true, Headers: p.Headers,
		Timeout: ringback.DefaultAttemptTimeout, RateLimit: p.RateLimit, CreatedAt: at, UpdatedAt: at,
	}
	if p.IncludeResult.Set {
		ep.IncludeResult = p.IncludeResult.Value
	}
	if p.Timeout != 0 {
		ep.Timeout = p.Timeout
	}
	if p.RetrySchedule.Set {
		ep.RetrySchedule = p.RetrySchedule.Value
	}
	if p.Enabled.Set && !p.Enabled.Value {
		ep.Enabled, ep.DisabledReason, ep.DisabledAt = false, ringback.DisabledByCustomer, at
	}
	if err := e.checkURL("url", ep.URL); err != nil {
		return nil, err
	}
	if err := checkSecret(profile, ep.Secret); err != nil {
		return nil, err
	}
	if err := checkEndpoint(ep); err != nil {
		return nil, err
	}
	if err := checkNotOwn(ep.Headers, profile); err != nil {
		return nil, err
	}
	err = e.store.InsertEndpoint(ctx, ep, ringback.MaxEndpoints)
	e.directory.forget(v.account.ID)
	if errors.Is(err, store.ErrLimit) {
		return nil, ringback.Errorf(ringback.CodeInvalid, "the account has %d endpoints, which is the limit; delete one first", ringback.MaxEndpoints)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	return ep, nil
}

// checkEndpoint checks an endpoint as it is to be kept, all but its URL, profile
// and secret, and puts its headers into canonical form.
func checkEndpoint(ep *ringback.Endpoint) error {
	if err := checkName(ep.Name, false); err != nil {
		return err
	}
	if err := checkPatterns("event_types", ep.EventTypes); err != nil {
		return err
	}
	if err := checkSchedule("retry_schedule", ep.RetrySchedule); err != nil {
		return err
	}
	if err := checkTimeout("timeout_seconds", ep.Timeout, ringback.MaxAttemptTimeout); err != nil {
		return err
	}
	if r := ep.RateLimit; r != 0 && (r < ringback.MinRateLimit || r > ringback.MaxRateLimit) {
		return ringback.Invalid("rate_limit_per_second", "%v is not between %v and %v", r, ringback.MinRateLimit, ringback.MaxRateLimit)
	}
	headers, err := checkHeaders(ep.Headers)
	if err != nil {
		return err
	}
	ep.Headers = headers
	return nil
}

// Endpoint gives one endpoint.
func (e *Engine) Endpoint(ctx context.Context, accountID, id string) (*ringback.Endpoint, error) {
	if !ringback.ValidID(ringback.PrefixEndpoint, id) {
		return nil, ringback.NotFound("endpoint", id)
	}
	ep, err := e.store.Endpoint(ctx, accountID, id)
	if err != nil {
		return nil, found(err, "endpoint", id)
	}
	return ep, nil
}

// Endpoints lists an account's endpoints.
func (e *Engine) Endpoints(ctx context.Context, accountID string, p Paging) (*List[ringback.Endpoint], error) {
	page, err := p.page(isID(ringback.PrefixEndpoint))
	if err != nil {
		return nil, err
	}
	endpoints, err := e.store.ListEndpoints(ctx, accountID, page)
	if err != nil {
		return nil, unavailable(err)
	}
	return list(endpoints, p.Limit, func(ep *ringback.Endpoint) string { return ep.ID }), nil
}

// UpdateEndpointParams is a change of an endpoint. It holds from the next
// attempt on, for pending deliveries too; disabling cancels them.
type UpdateEndpointParams struct {
	Name          Maybe[string]
	URL           Maybe[string]
	EventTypes    Maybe[[]string]
	Profile       Maybe[string]
	Secret        Maybe[string] // null = unsigned
	Signature     Maybe[string] // another one has a key made for it
	IncludeResult Maybe[bool]
	Enabled       Maybe[bool]
	Headers       Maybe[map[string]string] // replaces all
	RetrySchedule Maybe[[]time.Duration]   // null = the profile's
	Timeout       Maybe[time.Duration]
	RateLimit     Maybe[float64] // null = no limit
}

// UpdateEndpoint changes an endpoint.
func (e *Engine) UpdateEndpoint(ctx context.Context, accountID, id string, p UpdateEndpointParams) (*ringback.Endpoint, error) {
	if !ringback.ValidID(ringback.PrefixEndpoint, id) {
		return nil, ringback.NotFound("endpoint", id)
	}
	if p.URL.Set {
		if err := e.checkURL("url", p.URL.Value); err != nil {
			return nil, err
		}
	}
	ep, disabled, err := e.updateEndpoint(ctx, accountID, id, p)
	if err != nil {
		return nil, err
	}
	if disabled {
		e.failing.reset(id)
		e.cancelPending(accountID, id, disabledBecause(ep.DisabledReason)) // may take a while: no lock is held
	}
	return ep, nil
}

// updateEndpoint makes the change, and says whether it disabled the endpoint.
func (e *Engine) updateEndpoint(
	ctx context.Context, accountID, id string, p UpdateEndpointParams,
) (ep *ringback.Endpoint, disabled bool, err error) {
	err = e.usingProfiles(ctx, accountID, func(ctx context.Context, v *view) error {
		var err error
		ep, err = e.store.UpdateEndpoint(ctx, accountID, id, func(ep *ringback.Endpoint) error {
			wasEnabled := ep.Enabled
			p.apply(ep, e.now())
			disabled = wasEnabled && !ep.Enabled
			if err := checkEndpoint(ep); err != nil {
				return err
			}
			return p.applyProfile(ep, v)
		})
		e.endpointChanged(accountID, id)
		return found(err, "endpoint", id)
	})
	return ep, disabled, err
}

func (p *UpdateEndpointParams) apply(ep *ringback.Endpoint, at time.Time) {
	set(&ep.Name, p.Name)
	set(&ep.URL, p.URL)
	set(&ep.EventTypes, p.EventTypes)
	set(&ep.Profile, p.Profile)
	set(&ep.IncludeResult, p.IncludeResult)
	set(&ep.Headers, p.Headers)
	set(&ep.RetrySchedule, p.RetrySchedule)
	set(&ep.Timeout, p.Timeout)
	set(&ep.RateLimit, p.RateLimit)
	ep.UpdatedAt = at
	if !p.Enabled.Set || p.Enabled.Value == ep.Enabled {
		return
	}
	ep.Enabled, ep.DisabledReason, ep.DisabledAt = p.Enabled.Value, "", time.Time{}
	if ep.Enabled {
		ep.FailingSince = time.Time{} // a fresh start
	} else {
		ep.DisabledReason, ep.DisabledAt = ringback.DisabledByCustomer, at
	}
}

// applyProfile settles what depends on the profile, if the change is about that:
// one that has changed since is no reason to refuse others.
func (p *UpdateEndpointParams) applyProfile(ep *ringback.Endpoint, v *view) error {
	signing := p.Profile.Set || p.Secret.Set || p.Signature.Set
	if !signing && !p.Headers.Set {
		return nil
	}
	profile, err := v.checkProfile("profile", ep.Profile)
	if err != nil {
		return err
	}
	if signing {
		if err := p.applySecret(ep, profile); err != nil {
			return err
		}
	}
	return checkNotOwn(ep.Headers, profile)
}

// endpointChanged lets go of what is remembered of an endpoint, so that the next
// attempt is made as it is to be from now on.
func (e *Engine) endpointChanged(accountID, id string) {
	e.directory.forget(accountID)
	e.dispatcher.TargetChanged(dispatch.QueueName(accountID, id))
}

// set writes a member of a change; null stands for the zero value.
func set[T any](to *T, m Maybe[T]) {
	if m.Set {
		*to = m.Value
	}
}

// DeleteEndpoint deletes an endpoint and cancels what is pending for it. Its
// past deliveries stay.
func (e *Engine) DeleteEndpoint(ctx context.Context, accountID, id string) error {
	if !ringback.ValidID(ringback.PrefixEndpoint, id) {
		return ringback.NotFound("endpoint", id)
	}
	err := e.store.DeleteEndpoint(ctx, accountID, id)
	e.endpointChanged(accountID, id)
	if err != nil {
		return found(err, "endpoint", id)
	}
	// Events that are being published right now may still have seen it; the
	// dispatcher cancels those deliveries when they are due.
	e.failing.reset(id)
	e.cancelPending(accountID, id, reasonDeleted)
	return nil
}
