package engine

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/schema"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/tracing"
	"github.com/ringback/ringback/ringback"
)

// Publication is one event of a batch. Err says that it cannot be published at
// all: then it keeps its place, and nothing else of it is looked at. Its Key is
// not used: a batch has one.
type Publication struct {
	PublishEventParams

	Err error
}

// Published is what became of one event of a batch.
type Published struct {
	ID       string
	Replayed bool  // an earlier call with the batch's key made it
	Err      error // if it was not published
}

// PublishEvents publishes many events, each for itself: one that cannot be
// published fails none of the others. The results are in the order of the events.
// An error is about all of them, and nothing was published.
//
// With a key, repeating the batch gives the same ids, makes nothing twice, and
// publishes what an earlier call was cut off before. The first event takes the
// key itself and is committed before all others: if the key was used for another
// batch, nothing of this one happens. The others have keys of their own, made of
// the batch's and their place.
func (e *Engine) PublishEvents(
	ctx context.Context, accountID string, events []Publication, key *store.IdempotencyKey,
) ([]Published, error) {
	v, err := e.viewOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	b := &batch{
		e: e, v: v, events: events, key: key, at: e.now(), trace: tracing.Of(ctx),
		results: make([]Published, len(events)), settled: make([]bool, len(events)),
	}
	b.progress.L = &b.mu
	b.check(ctx)
	if key != nil {
		if err := b.lead(ctx); err != nil {
			return nil, err
		}
	}
	b.publishRest(ctx)
	return b.results, b.unavailable()
}

// maxInFlight is how many rows of a batch are planned and not yet committed. An
// event may have a thousand deliveries.
const maxInFlight = 4000

// batch is a call of PublishEvents.
type batch struct {
	e       *Engine
	v       *view
	events  []Publication
	key     *store.IdempotencyKey // nil = none
	at      time.Time
	trace   string // traceparent of the call
	settled []bool // has its result, or needs no commit

	mu       sync.Mutex
	progress sync.Cond // rows went down
	rows     int       // in flight
	results  []Published
}

// check finds what cannot be published.
func (b *batch) check(ctx context.Context) {
	budget := schema.NewBudget()
	for i := range b.events {
		p := &b.events[i]
		err := p.Err
		if err == nil {
			err = checkPublication(p.PublishEventParams)
		}
		if err == nil {
			err = b.e.checkPublished(ctx, b.v, p.Type, p.Data, budget)
		}
		if err != nil {
			b.results[i].Err, b.settled[i] = err, true
		}
	}
}

// lead commits the first event that can be, alone, under the key of the batch.
func (b *batch) lead(ctx context.Context) error {
	for i := range b.events {
		if b.settled[i] {
			continue
		}
		b.publishFirst(ctx, i)
		r := &b.results[i]
		switch code := ringback.CodeOf(r.Err); {
		case r.Err == nil && !r.Replayed:
			b.settled[i] = true
			return nil
		case r.Err == nil:
			return b.replay(ctx, i)
		case code != ringback.CodeInternal:
			return r.Err // another batch, or the store takes nothing
		}
		b.settled[i] = true // it can never be committed: the next one leads
	}
	return nil
}

// replay settles the event that an earlier call made under the key of the batch.
// That is the one that leads now, or another one if the catalogue has changed
// since.
func (b *batch) replay(ctx context.Context, leading int) error {
	made := b.results[leading]
	b.results[leading] = Published{}
	place := leading
	switch ev, err := b.e.store.Event(ctx, b.v.account.ID, made.ID); {
	case err == nil:
		for i := range b.events {
			p := &b.events[i]
			if p.Err == nil && p.Type == ev.Type && p.ResourceID == ev.ResourceID && bytes.Equal(p.Data, ev.Data) {
				place = i
				break
			}
		}
	case !errors.Is(err, store.ErrNotFound):
		return unavailable(err)
	}
	b.results[place], b.settled[place] = made, true
	return nil
}

// publishFirst publishes one event under the key of the batch.
func (b *batch) publishFirst(ctx context.Context, i int) {
	b.replan(ctx, func() bool {
		b.publishUnder(i, b.key)
		b.wait()
		return errors.Is(b.results[i].Err, store.ErrStale)
	})
}

// publishRest publishes what is not settled.
func (b *batch) publishRest(ctx context.Context) {
	b.replan(ctx, func() (stale bool) {
		for i := range b.events {
			if !b.settled[i] {
				b.publish(i)
			}
		}
		b.wait()
		for i := range b.events {
			if errors.Is(b.results[i].Err, store.ErrStale) {
				stale = true
			} else {
				b.settled[i] = true
			}
		}
		return stale
	})
}

// replan calls try until none of what it published was planned with an account
// that was changed meanwhile. What can be published is not looked at again: it
// is as it was when the call began. If the account is never left alone, or gone,
// those events fail.
func (b *batch) replan(ctx context.Context, try func() (stale bool)) {
	err := errRestless(b.v.account.ID)
	for range maxReplans {
		if !try() {
			return
		}
		b.e.directory.forget(b.v.account.ID)
		v, gone := b.e.viewOf(ctx, b.v.account.ID)
		if gone != nil {
			err = gone
			break
		}
		b.v = v
	}
	for i := range b.results {
		if errors.Is(b.results[i].Err, store.ErrStale) {
			b.results[i].Err, b.settled[i] = err, true
		}
	}
}

// publish hands an event over to be committed, under a key of its own if the
// batch has one.
func (b *batch) publish(i int) {
	var key *store.IdempotencyKey
	if b.key != nil {
		key = &store.IdempotencyKey{
			Route: b.key.Route + "/item", Key: b.key.Key + "/" + strconv.Itoa(i), Fingerprint: b.key.Fingerprint,
		}
	}
	b.publishUnder(i, key)
}

func (b *batch) publishUnder(i int, key *store.IdempotencyKey) {
	ev := newEvent(b.v.account.ID, b.events[i].PublishEventParams, b.at)
	ev.TraceParent = b.trace
	plan := b.e.plan(b.v, ev, nil)
	op := plan.publish(key)
	rows, _ := store.Cost(op)
	b.mu.Lock()
	for b.rows > 0 && b.rows+rows > maxInFlight {
		b.progress.Wait()
	}
	b.rows += rows
	b.mu.Unlock()
	applied := func() bool { return op.Err == nil && op.Replayed == "" }
	b.e.handOver(plan, op, applied, func(err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.results[i] = outcome(op, err)
		b.rows -= rows
		b.progress.Signal()
	})
}

func outcome(op *store.PublishEvent, err error) Published {
	switch {
	case err != nil:
		return Published{Err: err}
	case errors.Is(op.Err, store.ErrIdempotencyMismatch):
		return Published{Err: idempotencyMismatch(op.Key)}
	case op.Err != nil:
		return Published{Err: op.Err}
	case op.Replayed != "":
		return Published{ID: op.Replayed, Replayed: true}
	}
	return Published{ID: op.Event.ID}
}

// wait waits until nothing is in flight.
func (b *batch) wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.rows > 0 {
		b.progress.Wait()
	}
}

// unavailable is the error of the whole batch if nothing was published because
// the store took nothing.
func (b *batch) unavailable() error {
	var fault error
	for _, r := range b.results {
		switch {
		case r.Err == nil:
			return nil
		case ringback.CodeOf(r.Err) == ringback.CodeUnavailable:
			fault = r.Err
		}
	}
	return fault
}
