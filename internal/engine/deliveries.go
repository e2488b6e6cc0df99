package engine

import (
	"context"
	"errors"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// maxAttempts is how many attempts, the latest, a delivery shows.
const maxAttempts = 200

// Delivery gives one delivery with its attempts, the oldest first.
func (e *Engine) Delivery(ctx context.Context, accountID, id string) (*ringback.Delivery, []ringback.Attempt, error) {
	d, err := e.delivery(ctx, accountID, id)
	if err != nil {
		return nil, nil, err
	}
	attempts, err := e.store.ListAttempts(ctx, accountID, id, maxAttempts)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	return d, attempts, nil
}

func (e *Engine) delivery(ctx context.Context, accountID, id string) (*ringback.Delivery, error) {
	if !ringback.ValidDeliveryID(id) {
		return nil, ringback.NotFound("delivery", shorten(id))
	}
	d, err := e.store.Delivery(ctx, accountID, id)
	return d, found(err, "delivery", id)
}

// DeliveryFilter selects deliveries; empty members select all.
type DeliveryFilter = store.DeliveryFilter

// Deliveries lists an account's deliveries.
func (e *Engine) Deliveries(ctx context.Context, accountID string, f DeliveryFilter, p Paging) (*List[ringback.Delivery], error) {
	page, err := p.page(ringback.ValidDeliveryID)
	if err != nil {
		return nil, err
	}
	if err := checkSpan(f.Since, f.Until); err != nil {
		return nil, err
	}
	for _, filter := range []struct {
		field, prefix, kind string
		id                  *string
	}{
		{"endpoint_id", ringback.PrefixEndpoint, "an endpoint", &f.EndpointID},
		{"event_id", ringback.PrefixEvent, "an event", &f.EventID},
		{"job_id", ringback.PrefixJob, "a job", &f.JobID},
	} {
		if *filter.id == "" {
			continue
		}
		id, ok := ringback.ParseID(filter.prefix, *filter.id)
		if !ok {
			return nil, ringback.Invalid(filter.field, "%q is no id of %s", shorten(*filter.id), filter.kind)
		}
		*filter.id = id
	}
	ctx, cancel := listing(ctx)
	defer cancel()
	deliveries, err := e.store.ListDeliveries(ctx, accountID, f, page)
	if err != nil {
		return nil, listFailed(ctx, err)
	}
	return list(deliveries, p.Limit, func(d *ringback.Delivery) string { return d.ID }), nil
}

// RetryDelivery makes one attempt more, at once, whatever the delivery's
// status. One that is waiting for its next attempt makes it now.
func (e *Engine) RetryDelivery(ctx context.Context, accountID, id string) (*ringback.Delivery, error) {
	d, err := e.delivery(ctx, accountID, id)
	if err != nil {
		return nil, err
	}
	v, err := e.viewOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	limited := false
	if d.EndpointID != "" {
		ep := v.byID[d.EndpointID]
		if ep == nil || !ep.Enabled {
			return nil, ringback.Errorf(ringback.CodeEndpointDisabled, "nothing is sent to the endpoint %s: it is disabled or deleted", d.EndpointID)
		}
		limited = ep.RateLimit > 0
	}
	ev, err := e.Event(ctx, accountID, d.EventID)
	if err != nil {
		return nil, err
	}
	t := e.dispatcher.Reserve(dispatch.QueueOf(d), dispatch.Size(&store.Claimed{Event: ev.Event, Job: ev.Job}), limited)
	op := &store.RetryDelivery{DeliveryRef: store.DeliveryRef{AccountID: accountID, ID: id}, Placement: t.Placement, Now: e.now()}
	answer := make(chan error, 1)
	e.commit.Go(func(err error) {
		switch {
		case err != nil || op.Err != nil:
			e.dispatcher.Settle(t, nil)
		case op.Claimed != nil:
			e.dispatcher.Settle(t, op.Claimed)
		default:
			e.dispatcher.Settle(t, &store.Claimed{})
		}
		answer <- err
	}, op)
	if err := <-answer; err != nil {
		return nil, err
	}
	// A delivery that is leased is being attempted or about to be: that is
	// what was asked for.
	if op.Err != nil && !errors.Is(op.Err, store.ErrFenced) {
		return nil, found(op.Err, "delivery", id)
	}
	return e.delivery(ctx, accountID, id)
}

// CancelDelivery ends a pending delivery. An attempt that is being made is not
// taken back.
func (e *Engine) CancelDelivery(ctx context.Context, accountID, id string) (*ringback.Delivery, error) {
	if _, err := e.delivery(ctx, accountID, id); err != nil {
		return nil, err
	}
	op := &store.CancelDelivery{
		DeliveryRef: store.DeliveryRef{AccountID: accountID, ID: id}, Now: e.now(), Reason: "canceled by its owner",
	}
	if err := e.commit.Do(op); err != nil {
		return nil, err
	}
	if op.Err == nil {
		e.dispatcher.Drop(id)
		e.node.Tell(store.Signal{Kind: store.SignalCanceled, AccountID: accountID, Name: id})
	}
	d, err := e.delivery(ctx, accountID, id)
	if err != nil {
		return nil, err
	}
	if errors.Is(op.Err, store.ErrFenced) {
		return nil, ringback.Errorf(ringback.CodeDeliveryFinished, "the delivery is %s already", d.Status)
	}
	return d, found(op.Err, "delivery", id)
}
