package engine

import (
	"context"
	"errors"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// plan is an event that is about to be committed with its deliveries, each
// with a place reserved for it.
type plan struct {
	event   *ringback.Event
	view    *view
	claimed []store.Claimed
	limited []bool // whether its destination has a rate limit, one for each
	tickets []dispatch.Ticket
}

// plan finds out whom an event goes to: the callback of its job, and every
// enabled endpoint that subscribes to its type. job is nil for a published
// event. The plan must be settled.
func (e *Engine) plan(v *view, ev *ringback.Event, job *ringback.Job) *plan {
	p := &plan{event: ev, view: v}
	if job != nil && job.CallbackURL != "" {
		p.add(ev, job, "", job.CallbackURL, job.Profile, false)
	}
	if job == nil || !job.CallbackOnly {
		for _, ep := range v.endpoints {
			if ep.Enabled && ep.Subscribes(ev.Type) {
				p.add(ev, job, ep.ID, ep.URL, ep.Profile, ep.RateLimit > 0)
			}
		}
	}
	e.reserve(p)
	return p
}

// reserve finds a place for each delivery of a plan.
func (e *Engine) reserve(p *plan) {
	p.tickets = make([]dispatch.Ticket, len(p.claimed))
	for i := range p.claimed {
		c := &p.claimed[i]
		p.tickets[i] = e.dispatcher.Reserve(dispatch.QueueOf(c.Delivery), dispatch.Size(c), p.limited[i])
	}
}

func (p *plan) add(ev *ringback.Event, job *ringback.Job, endpointID, url, profile string, limited bool) {
	p.limited = append(p.limited, limited)
	p.claimed = append(p.claimed, store.Claimed{Event: ev, Job: job, Delivery: &ringback.Delivery{
		ID: ringback.DeliveryID(ev.ID, len(p.claimed)), AccountID: ev.AccountID,
		EventID: ev.ID, EventType: ev.Type, JobID: ev.JobID, EndpointID: endpointID,
		URL: url, Profile: profile, Status: ringback.DeliveryPending,
		NextAttemptAt: ev.CreatedAt, CreatedAt: ev.CreatedAt,
	}})
}

// deliveries gives what is to be inserted.
func (p *plan) deliveries() []store.NewDelivery {
	all := make([]store.NewDelivery, len(p.claimed))
	for i := range p.claimed {
		all[i] = store.NewDelivery{Delivery: *p.claimed[i].Delivery, Placement: p.tickets[i].Placement}
	}
	return all
}

// notice is the plan as a part of what its event is about; nil if there is no
// plan.
func (p *plan) notice() *store.Notice {
	if p == nil {
		return nil
	}
	return &store.Notice{Event: p.event, Deliveries: p.deliveries()}
}

// settle gives the plan's deliveries to the dispatcher if they were committed.
// It does not block; without a plan it does nothing.
func (e *Engine) settle(p *plan, committed bool) {
	if p == nil {
		return
	}
	for i, t := range p.tickets {
		if committed {
			e.dispatcher.Settle(t, &p.claimed[i])
		} else {
			e.dispatcher.Settle(t, nil)
		}
	}
}

// commitPlan commits the operation that inserts the plan, and gives its
// deliveries to the dispatcher if it was applied. That happens even if the
// caller is gone: it is done by the committer.
func (e *Engine) commitPlan(p *plan, op store.Op, applied func() bool) error {
	answer := make(chan error, 1)
	e.handOver(p, op, applied, func(err error) { answer <- err })
	return <-answer
}

// handOver is commitPlan without waiting: done is called once and must not
// block.
func (e *Engine) handOver(p *plan, op store.Op, applied func() bool, done func(error)) {
	e.commit.Go(func(err error) {
		e.settle(p, err == nil && applied())
		done(err)
	}, op)
}

// maxReplans is how often an event is planned anew because its account was
// changed meanwhile. Each time somebody else's change went through.
const maxReplans = 10

// replan calls try until it plans with an account that is still as it was when
// the plan is committed: until it gives something other than store.ErrStale.
func (e *Engine) replan(ctx context.Context, accountID string, try func(v *view) error) error {
	for range maxReplans {
		v, err := e.viewOf(ctx, accountID)
		if err != nil {
			return err
		}
		if err := try(v); !errors.Is(err, store.ErrStale) {
			return err
		}
		e.directory.forget(accountID)
	}
	return errRestless(accountID)
}

func errRestless(accountID string) error {
	return ringback.Errorf(ringback.CodeUnavailable, "the account %s is being changed all the time; try again", accountID)
}

// viewOf gives an account's view, or the error that callers see.
func (e *Engine) viewOf(ctx context.Context, accountID string) (*view, error) {
	v, err := e.directory.view(ctx, accountID)
	return v, found(err, "account", accountID)
}
