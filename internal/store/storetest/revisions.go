package storetest

import (
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) revision(account string) int64 {
	w.Helper()
	revision, err := w.s.Revision(w.ctx(), account)
	w.check(err)
	if revision < 1 {
		w.Fatalf("revision %d", revision)
	}
	return revision
}

// planned is an event that was planned with a revision.
func (w *world) planned(revision int64) *store.PublishEvent {
	op := w.keyed(nil)
	op.Revision = revision
	return op
}

// accountChanges are all kinds of changes of an account that has an endpoint.
var accountChanges = map[string]func(w *world, e *ringback.Endpoint){
	"account": func(w *world, e *ringback.Endpoint) {
		_, err := w.s.UpdateAccount(w.ctx(), e.AccountID, func(a *ringback.Account) error { a.Name = "other"; return nil })
		w.check(err)
	},
	"new endpoint": func(w *world, _ *ringback.Endpoint) {
		w.check(w.s.InsertEndpoint(w.ctx(), w.newEndpoint(), 10))
	},
	"endpoint": func(w *world, e *ringback.Endpoint) {
		_, err := w.s.UpdateEndpoint(w.ctx(), e.AccountID, e.ID, func(e *ringback.Endpoint) error { e.Name = "other"; return nil })
		w.check(err)
	},
	"endpoint in a commit": func(w *world, e *ringback.Endpoint) {
		op := changeName(e)
		w.commit(op)
		w.check(op.Err)
	},
	"deleted endpoint": func(w *world, e *ringback.Endpoint) {
		w.check(w.s.DeleteEndpoint(w.ctx(), e.AccountID, e.ID))
	},
}

func changeName(e *ringback.Endpoint) *store.ChangeEndpoint {
	return &store.ChangeEndpoint{
		AccountID: e.AccountID, ID: e.ID,
		Change: func(e *ringback.Endpoint) error { e.Name = "another"; return nil },
	}
}

// withEndpoint makes an account with an endpoint the one that the test acts for.
func (w *world) withEndpoint() *ringback.Endpoint {
	w.Helper()
	a := w.newAccount()
	w.check(w.s.InsertAccount(w.ctx(), a))
	w.account = a.ID
	e := w.newEndpoint()
	w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
	return e
}

var revisionTests = map[string]func(*world){
	"each change counts": func(w *world) {
		other := w.id(ringback.PrefixAccount)
		others := w.revision(other)
		for name, change := range accountChanges {
			e := w.withEndpoint()
			before := w.revision(w.account)
			in, stale := w.planned(before), w.planned(before)
			w.commit(in)
			w.wantMade(in)
			change(w, e)
			if after := w.revision(w.account); after <= before {
				w.Errorf("%s: revision %d after %d", name, after, before)
			}
			w.commit(stale)
			w.wantNotMade(stale, "", store.ErrStale)
			for _, revision := range []int64{0, w.revision(w.account)} { // the same again
				stale.Revision = revision
				w.commit(stale)
				w.wantMade(stale)
				stale = w.planned(before)
			}
		}
		w.equal("of another account", w.revision(other), others)
	},
	"what is stale does not disturb the others": func(w *world) {
		w.withEndpoint()
		now := w.revision(w.account)
		before, stale, after := w.planned(now), w.planned(now-1), w.planned(0)
		stale.Key = key("k", 1)
		w.account = w.id(ringback.PrefixAccount)
		other := w.planned(w.revision(w.account))
		w.commit(before, stale, after, other)
		for _, op := range []*store.PublishEvent{before, after, other} {
			w.wantMade(op)
		}
		w.wantNotMade(stale, "", store.ErrStale)
		stale.Revision = now // its key was not kept
		w.commit(stale)
		w.wantMade(stale)
	},
	"a change in the same commit": func(w *world) {
		e := w.withEndpoint()
		now := w.revision(w.account)
		before, after := w.planned(now), w.planned(now)
		w.commit(before, changeName(e), after)
		w.wantMade(before)
		w.wantNotMade(after, "", store.ErrStale)
	},
	"a job that finishes": func(w *world) {
		e := w.withEndpoint()
		w.submit("t")
		finish := w.finishing(w.lease("t"), ringback.JobSucceeded, 1)
		finish.Revision = w.revision(w.account)
		w.commit(changeName(e))
		w.commit(finish)
		w.wantErr(finish.Err, store.ErrStale)
		w.equal("status", w.job(finish.Job).Status, ringback.JobRunning)
		_, err := w.s.Event(w.ctx(), w.account, finish.Event.ID)
		w.wantErr(err, store.ErrNotFound)
		finish.Revision = w.revision(w.account)
		w.commit(finish)
		w.check(finish.Err)
		w.equal("job", w.job(finish.Job), finish.Job)
	},
}
