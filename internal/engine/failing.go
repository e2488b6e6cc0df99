package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// FailingLimit is how long an endpoint may only fail before it is disabled.
const FailingLimit = 5 * 24 * time.Hour

// failingNoted is how long an endpoint fails before the store is told: one that
// fails now and then must not cost a transaction each time.
const failingNoted = time.Minute

// failingClocks know since when endpoints have only failed. What lasts is kept
// in the store (Endpoint.FailingSince), so that a restart does not begin anew.
type failingClocks struct {
	node *nodes.Member

	mu     sync.Mutex
	clocks map[string]failingClock // by endpoint id; only those that fail
}

type failingClock struct {
	since time.Time
	last  time.Time // when it failed here
	kept  bool      // since is from the store
}

// failingTrusted is how long after a failure another one goes on from it,
// although other nodes may have delivered meanwhile and the store does not know
// of it. Retries come sooner.
const failingTrusted = 10 * time.Minute

func newFailingClocks(n *nodes.Member) *failingClocks {
	return &failingClocks{node: n, clocks: make(map[string]failingClock)}
}

// fail gives since when the endpoint fails; kept is what the store knows. With
// other nodes, what it knows counts: they reset it when they deliver.
func (f *failingClocks) fail(id string, at, kept time.Time) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.clocks[id]
	switch {
	case !kept.IsZero() && (!ok || f.node.Shared()):
		c = failingClock{since: kept, kept: true}
	case !ok, f.node.Shared() && (c.kept || at.Sub(c.last) > failingTrusted):
		c = failingClock{since: at}
	}
	c.last = at
	f.clocks[id] = c
	return c.since
}

// reset ends the clock.
func (f *failingClocks) reset(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clocks, id)
}

// Observe keeps the clock of endpoints that only fail, and disables those that
// are gone or have failed for too long.
func (t targets) Observe(ctx context.Context, d *ringback.Delivery, o dispatch.Outcome) {
	if o.Status != ringback.DeliveryPending {
		t.e.finished.notify(d.ID)
	}
	if d.EndpointID == "" {
		return
	}
	v, err := t.e.directory.view(ctx, d.AccountID)
	if err != nil {
		return // looked at again after the next attempt
	}
	ep := v.byID[d.EndpointID]
	if ep == nil || !ep.Enabled {
		t.e.failing.reset(d.EndpointID)
		return
	}
	if o.Status == ringback.DeliveryDelivered && ep.FailingSince.IsZero() {
		t.e.failing.reset(ep.ID)
		return
	}
	n := &endpointNotice{
		AccountID: ep.AccountID, EndpointID: ep.ID, URL: ep.URL, FailingSince: instant(ep.FailingSince),
		attemptNotice: noticeOf(d, &o.Attempt),
	}
	if o.Status == ringback.DeliveryDelivered {
		t.e.failing.reset(ep.ID)
		t.e.keepFailingSince(ctx, ep.Endpoint, time.Time{}, n)
		return
	}
	at := o.Attempt.StartedAt.UTC().Truncate(time.Microsecond)
	since := t.e.failing.fail(ep.ID, at, ep.FailingSince)
	n.FailingSince = instant(since)
	switch {
	case o.Gone:
		t.e.disable(ctx, ep.Endpoint, ringback.DisabledGone, n)
	case at.Sub(since) >= FailingLimit:
		t.e.disable(ctx, ep.Endpoint, ringback.DisabledFailing, n)
	case ep.FailingSince.IsZero() && at.Sub(since) >= failingNoted:
		t.e.keepFailingSince(ctx, ep.Endpoint, since, n)
	}
}

// errUnchanged ends an update that has nothing to write.
var errUnchanged = errors.New("unchanged")

// keepFailingSince tells the store, and the operator, since when an endpoint
// fails, or with the zero time that it does no longer.
func (e *Engine) keepFailingSince(ctx context.Context, ep *ringback.Endpoint, since time.Time, n *endpointNotice) {
	eventType := ringback.EventEndpointFailing
	if since.IsZero() {
		eventType = ringback.EventEndpointRecovered
	}
	err := e.changeEndpoint(ctx, ep, func(ep *ringback.Endpoint) error {
		if ep.FailingSince.IsZero() == since.IsZero() || !ep.Enabled {
			return errUnchanged // another node may have kept a time of its own
		}
		ep.FailingSince = since
		return nil
	}, eventType, n)
	if err != nil && !errors.Is(err, errUnchanged) && !errors.Is(err, store.ErrNotFound) {
		e.log.Warn("the state of an endpoint could not be kept", "endpoint", ep.ID, "error", err)
	}
}

// disable turns an endpoint off for a reason of its receiver's, tells the
// operator, and cancels what is pending.
func (e *Engine) disable(ctx context.Context, ep *ringback.Endpoint, reason string, n *endpointNotice) {
	at := e.now()
	n.Reason, n.DisabledAt = reason, instant(at)
	err := e.changeEndpoint(ctx, ep, func(ep *ringback.Endpoint) error {
		if !ep.Enabled {
			return errUnchanged
		}
		ep.Enabled, ep.DisabledReason, ep.DisabledAt, ep.UpdatedAt = false, reason, at, at
		return nil
	}, ringback.EventEndpointDisabled, n)
	e.failing.reset(ep.ID)
	switch {
	case errors.Is(err, errUnchanged), errors.Is(err, store.ErrNotFound):
	case err != nil:
		e.log.Warn("an endpoint could not be disabled", "endpoint", ep.ID, "reason", reason, "error", err)
	default:
		e.log.Warn("endpoint disabled", "account", ep.AccountID, "endpoint", ep.ID, "reason", reason)
		e.cancelPending(ep.AccountID, ep.ID, disabledBecause(reason))
	}
}

// disabledBecause is why deliveries of a disabled endpoint are canceled.
func disabledBecause(reason string) string { return "the endpoint is disabled: " + reason }

// reasonDeleted is why deliveries of a deleted endpoint are canceled.
const reasonDeleted = "the endpoint was deleted"

const (
	cancelSlice = 500
	cancelWait  = 5 * time.Second
)

// cancelPending cancels what is pending for an endpoint, in slices between which
// others can commit. It returns when that is done, or after five seconds, and
// goes on in the background; should the server stop before the end, the next
// start takes it up.
func (e *Engine) cancelPending(accountID, endpointID, reason string) {
	if e.isStopping() {
		return
	}
	done := make(chan struct{})
	at := e.now()
	e.background.Go(func() {
		defer close(done)
		for !e.isStopping() {
			op := &store.CancelPending{
				AccountID: accountID, EndpointID: endpointID, CreatedBefore: at,
				Limit: cancelSlice, Now: e.now(), Reason: reason,
			}
			if err := e.commit.Do(op); err != nil {
				e.log.Warn("pending deliveries could not be canceled; they are when they are due",
					"account", accountID, "endpoint", endpointID, "error", err)
				return
			}
			e.dispatcher.Drop(op.Canceled...)
			if len(op.Canceled) > 0 {
				e.node.Tell(store.Signal{Kind: store.SignalCanceled, AccountID: accountID})
			}
			if len(op.Canceled) < cancelSlice {
				return
			}
		}
	})
	timer := time.NewTimer(cancelWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// maxAbandoned is how many endpoints one look takes.
const maxAbandoned = 1000

// runAbandoned takes up what an earlier process, or a node that is gone, did not
// end.
func (e *Engine) runAbandoned(ctx context.Context) {
	for {
		e.cancelAbandoned(ctx)
		select {
		case <-e.abandoned:
		case <-ctx.Done():
			return
		}
	}
}

// cancelAbandoned takes up cancellations that an earlier process did not end.
func (e *Engine) cancelAbandoned(ctx context.Context) {
	refs, err := e.store.AbandonedEndpoints(ctx, maxAbandoned)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		e.log.Warn("unfinished cancellations could not be looked for", "error", err)
		return
	}
	for _, ref := range refs {
		reason := reasonDeleted
		if ep, err := e.store.Endpoint(ctx, ref.AccountID, ref.ID); err == nil {
			reason = disabledBecause(ep.DisabledReason)
		}
		e.cancelPending(ref.AccountID, ref.ID, reason)
	}
}
