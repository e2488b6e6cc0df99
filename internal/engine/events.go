package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/tracing"
	"github.com/ringback/ringback/ringback"
)

// PublishEventParams describes a new event. Data is an object in stable form
// (internal/body), or nil.
type PublishEventParams struct {
	Type       string
	ResourceID string
	Data       json.RawMessage
	Key        *store.IdempotencyKey
}

// PublishEvent makes an event and a delivery to every endpoint that subscribes
// to it. Idempotency keys work as in SubmitJob.
func (e *Engine) PublishEvent(ctx context.Context, accountID string, p PublishEventParams) (ev *ringback.Event, replayed bool, err error) {
	if err := checkPublication(p); err != nil {
		return nil, false, err
	}
	var op *store.PublishEvent
	err = e.replan(ctx, accountID, func(v *view) error {
		if err := e.checkPublished(ctx, v, p.Type, p.Data, nil); err != nil {
			return err
		}
		ev = newEvent(accountID, p, e.now())
		ev.TraceParent = tracing.Of(ctx)
		plan := e.plan(v, ev, nil)
		op = plan.publish(p.Key)
		if err := e.commitPlan(plan, op, func() bool { return op.Err == nil && op.Replayed == "" }); err != nil {
			return err
		}
		return op.Err
	})
	switch {
	case errors.Is(err, store.ErrIdempotencyMismatch):
		return nil, false, idempotencyMismatch(p.Key)
	case err != nil:
		return nil, false, err
	case op.Replayed != "":
		ev, err = e.event(ctx, accountID, op.Replayed)
		return ev, true, err
	}
	return ev, false, nil
}

// publish is the operation that inserts a plan.
func (p *plan) publish(key *store.IdempotencyKey) *store.PublishEvent {
	return &store.PublishEvent{Event: p.event, Deliveries: p.deliveries(), Key: key, Revision: p.view.revision}
}

// checkPublication checks what can be said about an event without its account.
func checkPublication(p PublishEventParams) error {
	if err := checkEventType("type", p.Type); err != nil {
		return err
	}
	return checkText("resource_id", p.ResourceID, ringback.MaxResourceID)
}

func newEvent(accountID string, p PublishEventParams, at time.Time) *ringback.Event {
	return &ringback.Event{
		ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: accountID, Type: p.Type,
		ResourceID: p.ResourceID, Data: p.Data, CreatedAt: at,
	}
}

func (e *Engine) event(ctx context.Context, accountID, id string) (*ringback.Event, error) {
	ev, err := e.store.Event(ctx, accountID, id)
	return ev, found(err, "event", id)
}

// EventWithJob is an event and, if it is a job's, the job: its data.
type EventWithJob struct {
	Event *ringback.Event
	Job   *ringback.Job
}

// Event gives one event, by its id or UUID.
func (e *Engine) Event(ctx context.Context, accountID, idOrUUID string) (*EventWithJob, error) {
	id, ok := ringback.ParseID(ringback.PrefixEvent, idOrUUID)
	if !ok {
		return nil, ringback.NotFound("event", shorten(idOrUUID))
	}
	ev, err := e.event(ctx, accountID, id)
	if err != nil {
		return nil, err
	}
	return e.withJob(ctx, ev)
}

func (e *Engine) withJob(ctx context.Context, ev *ringback.Event) (*EventWithJob, error) {
	w := &EventWithJob{Event: ev}
	if ev.JobID == "" {
		return w, nil
	}
	job, err := e.store.Job(ctx, ev.AccountID, ev.JobID)
	w.Job = job
	return w, found(err, "job", ev.JobID)
}

// EventFilter selects events; empty members select all.
type EventFilter = store.EventFilter

// Events lists an account's events.
func (e *Engine) Events(ctx context.Context, accountID string, f EventFilter, p Paging) (*List[EventWithJob], error) {
	page, err := p.page(isID(ringback.PrefixEvent))
	if err != nil {
		return nil, err
	}
	if err := checkSpan(f.Since, f.Until); err != nil {
		return nil, err
	}
	if f.JobID != "" {
		id, ok := ringback.ParseID(ringback.PrefixJob, f.JobID)
		if !ok {
			return nil, ringback.Invalid("job_id", "%q is no id of a job", shorten(f.JobID))
		}
		f.JobID = id
	}
	ctx, cancel := listing(ctx)
	defer cancel()
	events, err := e.store.ListEvents(ctx, accountID, f, page, maxListBytes)
	if err != nil {
		return nil, listFailed(ctx, err)
	}
	plain := list(events, p.Limit, func(ev *ringback.Event) string { return ev.ID })
	l, size := &List[EventWithJob]{Next: plain.Next}, 0
	for _, ev := range plain.Items {
		w, err := e.withJob(ctx, ev)
		if err != nil {
			return nil, err
		}
		l.Items = append(l.Items, w)
		size += len(ev.Data)
		if w.Job != nil {
			size += len(w.Job.Result)
		}
		if size > maxListBytes {
			break
		}
	}
	if len(l.Items) < len(plain.Items) || size > maxListBytes {
		l.Next = cursorAfter(l.Items[len(l.Items)-1].Event.ID)
	}
	return l, nil
}

// Resource is what is known about a resource id.
type Resource struct {
	ID     string
	Job    *ringback.Job // the newest job about it, or nil
	Events []*EventWithJob
}

// maxResourceEvents is how many events, the newest, a Resource shows.
const maxResourceEvents = 50

// Resource gives the newest job and events about a resource: what receivers of
// a body that names nothing else fetch. The id of a job or of an event that
// named no resource stands for itself.
func (e *Engine) Resource(ctx context.Context, accountID, resourceID string) (*Resource, error) {
	r := &Resource{ID: resourceID}
	ctx, cancel := listing(ctx)
	defer cancel()
	jobs, err := e.store.ListJobs(ctx, accountID, store.JobFilter{ResourceID: resourceID}, store.Page{Limit: 1}, maxListBytes)
	if err != nil {
		return nil, listFailed(ctx, err)
	}
	filter := EventFilter{ResourceID: resourceID}
	if len(jobs) > 0 {
		r.Job = jobs[0]
	} else if _, ok := ringback.ParseID(ringback.PrefixJob, resourceID); ok {
		r.Job, err = e.Job(ctx, accountID, resourceID)
		if err == nil {
			filter = EventFilter{JobID: r.Job.ID}
		} else if ringback.CodeOf(err) != ringback.CodeNotFound {
			return nil, err
		}
	}
	events, err := e.Events(ctx, accountID, filter, Paging{Limit: maxResourceEvents})
	if err != nil {
		return nil, err
	}
	r.Events = events.Items
	if len(r.Events) == 0 && ringback.ValidID(ringback.PrefixEvent, resourceID) {
		ev, err := e.Event(ctx, accountID, resourceID)
		if err != nil {
			return nil, err
		}
		r.Events = []*EventWithJob{ev}
	}
	if r.Job == nil && len(r.Events) == 0 {
		return nil, ringback.NotFound("resource", shorten(resourceID))
	}
	return r, nil
}
