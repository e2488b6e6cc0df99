package storetest

import (
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func key(name string, fingerprint byte) *store.IdempotencyKey {
	return &store.IdempotencyKey{Route: "events", Key: name, Fingerprint: [32]byte{fingerprint}}
}

// keyed is a submission of an event with a key, and what must become of it.
func (w *world) keyed(k *store.IdempotencyKey) *store.PublishEvent {
	e := w.newEvent("t")
	return &store.PublishEvent{Event: e, Deliveries: w.deliveriesOf(e, 1, store.Scheduled), Key: k}
}

func (w *world) wantMade(op *store.PublishEvent) {
	w.Helper()
	w.check(op.Err)
	w.equal("replayed", op.Replayed, "")
	_, err := w.s.Event(w.ctx(), op.Event.AccountID, op.Event.ID)
	w.check(err)
	_, err = w.s.Delivery(w.ctx(), op.Event.AccountID, op.Deliveries[0].ID)
	w.check(err)
}

func (w *world) wantNotMade(op *store.PublishEvent, replayed string, reason error) {
	w.Helper()
	w.wantErr(op.Err, reason)
	w.equal("replayed", op.Replayed, replayed)
	_, err := w.s.Event(w.ctx(), op.Event.AccountID, op.Event.ID)
	w.wantErr(err, store.ErrNotFound)
	_, err = w.s.Delivery(w.ctx(), op.Event.AccountID, op.Deliveries[0].ID)
	w.wantErr(err, store.ErrNotFound)
}

var idempotencyTests = map[string]func(*world){
	"in one batch": func(w *world) {
		first, same, other := w.keyed(key("k", 1)), w.keyed(key("k", 1)), w.keyed(key("k", 2))
		w.commit(first, same, other)
		w.wantMade(first)
		w.wantNotMade(same, first.Event.ID, nil)
		w.wantNotMade(other, "", store.ErrIdempotencyMismatch)
	},
	"later": func(w *world) {
		first, same, other := w.keyed(key("k", 1)), w.keyed(key("k", 1)), w.keyed(key("k", 2))
		w.commit(first)
		w.commit(same)
		w.commit(other)
		w.wantMade(first)
		w.wantNotMade(same, first.Event.ID, nil)
		w.wantNotMade(other, "", store.ErrIdempotencyMismatch)
	},
	"another account, route or key is another": func(w *world) {
		first := w.keyed(key("k", 1))
		byKey := w.keyed(key("l", 2))
		byRoute := w.keyed(&store.IdempotencyKey{Route: "jobs", Key: "k", Fingerprint: [32]byte{3}})
		w.account = w.id(ringback.PrefixAccount)
		byAccount := w.keyed(key("k", 4))
		w.commit(first, byKey, byRoute, byAccount)
		for _, op := range []*store.PublishEvent{first, byKey, byRoute, byAccount} {
			w.wantMade(op)
		}
	},
	"jobs": func(w *world) {
		k := &store.IdempotencyKey{Route: "jobs", Key: "k"}
		first, same := &store.SubmitJob{Job: w.newJob("t"), Key: k}, &store.SubmitJob{Job: w.newJob("t"), Key: k}
		mismatch := &store.SubmitJob{Job: w.newJob("t"), Key: &store.IdempotencyKey{Route: "jobs", Key: "k", Fingerprint: [32]byte{1}}}
		w.commit(first, same, mismatch)
		w.equal("first", []any{first.Replayed, first.Err}, []any{"", nil})
		w.equal("same", []any{same.Replayed, same.Err}, []any{first.Job.ID, nil})
		w.wantErr(mismatch.Err, store.ErrIdempotencyMismatch)
		w.equal("jobs", ids(w.leaseAs("", 10, "t"), jobID), []string{first.Job.ID})
	},
	"known as long as the TTL": func(w *world) {
		first := w.keyed(key("k", 1))
		w.commit(first)
		w.now = first.Event.CreatedAt.Add(store.KeyTTL - time.Millisecond)
		within := w.keyed(key("k", 1)) // at the TTL to the microsecond
		w.commit(within)
		w.wantNotMade(within, first.Event.ID, nil)
		after := w.keyed(key("k", 2))
		again := w.keyed(key("k", 2))
		w.commit(after, again)
		w.wantMade(after)
		w.wantNotMade(again, after.Event.ID, nil)
	},
	"purge": func(w *world) {
		for _, name := range []string{"a", "b", "c", "d"} {
			w.commit(w.keyed(key(name, 1)))
		}
		limit := w.now // when "d" was made
		purge := func() int {
			n, err := w.s.PurgeIdempotencyKeys(w.ctx(), limit, 2)
			w.check(err)
			return n
		}
		w.equal("deleted", []int{purge(), purge(), purge()}, []int{2, 1, 0})
		fresh, known := w.keyed(key("a", 2)), w.keyed(key("d", 1))
		w.commit(fresh, known)
		w.wantMade(fresh)
		if known.Replayed == "" {
			w.Fatal("the key that was not old enough is gone")
		}
	},
	"a failed commit keeps no key": func(w *world) {
		e := w.newEvent("t")
		w.commit(&store.PublishEvent{Event: e})
		op := w.keyed(key("k", 1))
		if err := w.s.Commit(w.ctx(), []store.Op{op, &store.PublishEvent{Event: e}}); err == nil {
			w.Fatal("a second event of the same id was taken")
		}
		w.commit(op)
		w.wantMade(op)
	},
}
