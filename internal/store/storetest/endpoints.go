package storetest

import (
	"errors"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) newEndpoint() *ringback.Endpoint {
	id := w.id(ringback.PrefixEndpoint)
	return &ringback.Endpoint{
		ID: id, AccountID: w.account, Name: "main", URL: "https://example.com/hook",
		EventTypes: []string{"user.*", "order.paid"}, Profile: "standard", Secret: "whsec_endpoint",
		PreviousSecrets: []ringback.PreviousSecret{{Secret: "older", Until: w.now}, {Secret: "old é", Until: w.tick()}},
		IncludeResult:   true, Enabled: true, Headers: map[string]string{"X-Env": "prod é\x7f"},
		RetrySchedule: []time.Duration{5 * time.Second, time.Hour}, Timeout: 15 * time.Second, RateLimit: 0.25,
		CreatedAt: w.now, UpdatedAt: w.now,
	}
}

func (w *world) endpoint(e *ringback.Endpoint) *ringback.Endpoint {
	w.Helper()
	got, err := w.s.Endpoint(w.ctx(), e.AccountID, e.ID)
	w.check(err)
	return got
}

var endpointTests = map[string]func(*world){
	"round trip": func(w *world) {
		e := w.newEndpoint()
		w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
		w.equal("endpoint", w.endpoint(e), e)
	},
	"disabled, with nothing optional": func(w *world) {
		e := &ringback.Endpoint{
			ID: w.id(ringback.PrefixEndpoint), AccountID: w.account, DisabledReason: "gone",
			DisabledAt: w.tick(), FailingSince: w.tick(),
		}
		w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
		w.equal("endpoint", w.endpoint(e), e)
	},
	"an empty schedule is not the profile's": func(w *world) {
		none, profile := w.newEndpoint(), w.newEndpoint()
		none.RetrySchedule, profile.RetrySchedule = []time.Duration{}, nil
		w.check(w.s.InsertEndpoint(w.ctx(), none, 10))
		w.check(w.s.InsertEndpoint(w.ctx(), profile, 10))
		w.exactly("no retry", w.endpoint(none).RetrySchedule, none.RetrySchedule)
		w.exactly("the profile's", w.endpoint(profile).RetrySchedule, profile.RetrySchedule)
	},
	"limit": func(w *world) {
		for range 3 {
			w.check(w.s.InsertEndpoint(w.ctx(), w.newEndpoint(), 3))
		}
		w.wantErr(w.s.InsertEndpoint(w.ctx(), w.newEndpoint(), 3), store.ErrLimit)
		got, err := w.s.ListEndpoints(w.ctx(), w.account, all)
		w.check(err)
		w.equal("count", len(got), 3)
		other := w.newEndpoint()
		other.AccountID = w.id(ringback.PrefixAccount)
		w.check(w.s.InsertEndpoint(w.ctx(), other, 3)) // each account has its own
	},
	"update": func(w *world) {
		e := w.newEndpoint()
		w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
		want := *e
		want.URL, want.Secret, want.Headers, want.EventTypes = "https://b", "", nil, []string{"*"}
		want.PreviousSecrets, want.RateLimit = nil, 0
		want.Enabled, want.DisabledReason, want.DisabledAt, want.UpdatedAt = false, "why", w.tick(), w.tick()
		got, err := w.s.UpdateEndpoint(w.ctx(), e.AccountID, e.ID, func(b *ringback.Endpoint) error {
			w.equal("given to change", b, e)
			*b = want
			return nil
		})
		w.check(err)
		w.equal("answer", got, &want)
		w.equal("stored", w.endpoint(e), &want)
	},
	"a failed change writes nothing": func(w *world) {
		e := w.newEndpoint()
		w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
		refused := errors.New("no")
		_, err := w.s.UpdateEndpoint(w.ctx(), e.AccountID, e.ID, func(b *ringback.Endpoint) error {
			b.URL = "https://b"
			return refused
		})
		w.wantErr(err, refused)
		w.equal("endpoint", w.endpoint(e), e)
	},
	"a change with a notice": func(w *world) {
		e, notice := w.newEndpoint(), w.notice()
		w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
		want := *e
		want.FailingSince = w.tick()
		op := &store.ChangeEndpoint{AccountID: e.AccountID, ID: e.ID, Notice: notice, Change: func(b *ringback.Endpoint) error {
			w.equal("given to change", b, e)
			*b = want
			return nil
		}}
		w.commit(op)
		w.check(op.Err)
		w.equal("answer", op.Endpoint, &want)
		w.equal("stored", w.endpoint(e), &want)
		w.noticed(notice, true)
	},
	"a change that is refused makes no notice, and does not disturb others": func(w *world) {
		e, notice, lost := w.newEndpoint(), w.notice(), w.notice()
		w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
		refused := errors.New("no")
		op := &store.ChangeEndpoint{AccountID: e.AccountID, ID: e.ID, Notice: notice, Change: func(b *ringback.Endpoint) error {
			b.URL = "https://b"
			return refused
		}}
		none := &store.ChangeEndpoint{AccountID: e.AccountID, ID: "ep_none", Notice: lost, Change: func(*ringback.Endpoint) error { return nil }}
		foreign := &store.ChangeEndpoint{AccountID: "acc_other", ID: e.ID, Notice: lost, Change: func(*ringback.Endpoint) error { return nil }}
		ev := w.newEvent("a")
		w.commit(op, none, foreign, &store.PublishEvent{Event: ev})
		w.wantErr(op.Err, refused)
		w.wantErr(none.Err, store.ErrNotFound)
		w.wantErr(foreign.Err, store.ErrNotFound)
		w.equal("endpoint", w.endpoint(e), e)
		w.noticed(notice, false)
		w.noticed(lost, false)
		_, err := w.s.Event(w.ctx(), ev.AccountID, ev.ID)
		w.check(err)
	},
	"a notice that cannot be inserted undoes the change": func(w *world) {
		e, notice := w.newEndpoint(), w.notice()
		w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
		w.commit(&store.PublishEvent{Event: notice.Event}) // takes its id
		op := &store.ChangeEndpoint{AccountID: e.AccountID, ID: e.ID, Notice: notice, Change: func(b *ringback.Endpoint) error {
			b.Enabled = false
			return nil
		}}
		var refused *store.OpError
		if err := w.s.Commit(w.ctx(), []store.Op{op}); !errors.As(err, &refused) {
			w.Fatalf("got error %v, want an OpError", err)
		}
		w.equal("endpoint", w.endpoint(e), e)
	},
	"not found": func(w *world) {
		_, err := w.s.Endpoint(w.ctx(), w.account, "ep_none")
		w.wantErr(err, store.ErrNotFound)
		_, err = w.s.UpdateEndpoint(w.ctx(), w.account, "ep_none", func(*ringback.Endpoint) error { return nil })
		w.wantErr(err, store.ErrNotFound)
		w.wantErr(w.s.DeleteEndpoint(w.ctx(), w.account, "ep_none"), store.ErrNotFound)
	},
	"delete leaves deliveries": func(w *world) {
		e := w.newEndpoint()
		w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
		ev := w.newEvent("user.created")
		ds := w.deliveriesOf(ev, 1, store.Scheduled)
		ds[0].EndpointID = e.ID
		w.commit(&store.PublishEvent{Event: ev, Deliveries: ds})
		w.check(w.s.DeleteEndpoint(w.ctx(), e.AccountID, e.ID))
		_, err := w.s.Endpoint(w.ctx(), e.AccountID, e.ID)
		w.wantErr(err, store.ErrNotFound)
		w.equal("delivery", w.delivery(&ds[0].Delivery), &ds[0].Delivery)
	},
	"list": func(w *world) {
		var want []string
		for range 5 {
			e := w.newEndpoint()
			w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
			want = append([]string{e.ID}, want...)
		}
		w.equal("ids", paged(w, 2, func(p store.Page) ([]string, error) {
			got, err := w.s.ListEndpoints(w.ctx(), w.account, p)
			return ids(got, func(e *ringback.Endpoint) string { return e.ID }), err
		}), want)
	},
}
