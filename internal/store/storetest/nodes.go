package storetest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// waitLimit ends a test of what would otherwise wait for ever.
const waitLimit = 20 * time.Second

func (w *world) beat(epoch int64) store.Beat {
	w.Helper()
	b, err := w.s.Beat(w.ctx(), epoch)
	w.check(err)
	return b
}

// shared skips a test where one process has the store alone.
func (w *world) shared() {
	w.Helper()
	if w.beat(w.epoch).Alone {
		w.Skip("this store has one node")
	}
}

// node begins the epoch of another node.
func (w *world) node() int64 {
	w.Helper()
	epoch, err := w.s.Join(w.ctx(), "other")
	w.check(err)
	return epoch
}

func (w *world) takeOver(limit int) int {
	w.Helper()
	n, err := w.s.TakeOver(w.ctx(), limit)
	w.check(err)
	return n
}

// publishHeld makes a delivery that is under the lease.
func (w *world) publishHeld(lease store.Lease) *ringback.Delivery {
	w.Helper()
	return w.publish(store.Placement{Lease: lease})
}

var nodeTests = map[string]func(*world){
	"a beat tells that its node lives": func(w *world) {
		b := w.beat(w.epoch)
		if !slices.ContainsFunc(b.Nodes, func(n store.Node) bool { return n.Epoch == w.epoch }) {
			w.Fatalf("epoch %d is not among %v", w.epoch, b.Nodes)
		}
	},
	"a beat counts up, and knows of the others": func(w *world) {
		w.shared()
		other := w.node()
		first := w.beat(w.epoch)
		if first.Now.IsZero() {
			w.Fatal("the store has no clock")
		}
		w.beat(other)
		second := w.beat(w.epoch)
		w.equal("nodes", ids(second.Nodes, func(n store.Node) string { return n.Name }), []string{"test", "other"})
		for i, epoch := range []int64{w.epoch, other} {
			before, after := first.Nodes[i], second.Nodes[i]
			w.equal("epoch", after.Epoch, epoch)
			w.equal("joined", after.JoinedAt, before.JoinedAt)
			if after.Count <= before.Count {
				w.Errorf("count %d after %d", after.Count, before.Count)
			}
		}
	},
	"an epoch that ended is fenced": func(w *world) {
		for range 2 { // once more is no error
			w.check(w.s.EndEpoch(w.ctx(), w.epoch))
			_, err := w.s.Beat(w.ctx(), w.epoch)
			w.wantErr(err, store.ErrFenced)
		}
		before := w.epoch
		w.join()
		w.beat(w.epoch)
		if w.epoch <= before {
			w.Fatalf("epoch %d after %d", w.epoch, before)
		}
		_, err := w.s.Beat(w.ctx(), before)
		w.wantErr(err, store.ErrFenced)
	},
	"leases of the living are not taken over": func(w *world) {
		d := w.publish(w.leased())
		w.equal("taken over", w.takeOver(10), 0)
		w.equal("leased", w.leasedIDs(), []string{d.ID})
	},
	"leases of an epoch that ended are taken over in slices": func(w *world) {
		w.shared()
		own := w.publish(w.leased())
		other := w.node()
		var want []string
		for n := range 5 {
			want = append(want, w.publishHeld(store.NewLease(other, int64(n+1))).ID)
		}
		w.equal("while it lives", w.takeOver(10), 0)
		w.check(w.s.EndEpoch(w.ctx(), other))
		w.equal("slices", []int{w.takeOver(2), w.takeOver(2), w.takeOver(2), w.takeOver(2)}, []int{2, 2, 1, 0})
		w.equal("claimed", ids(w.claim("", w.now, 10), claimedID), want)
		w.equal("leased", w.leasedIDs(), append([]string{own.ID}, want...))
	},
	"what is committed under an epoch that ended is found later": func(w *world) {
		w.shared()
		other := w.node()
		w.check(w.s.EndEpoch(w.ctx(), other))
		w.equal("nothing yet", w.takeOver(10), 0)
		late := w.publishHeld(store.NewLease(other, store.MaxLeaseCount))
		claimed := w.publish(store.Scheduled)
		w.commit(&store.ClaimDeliveries{Lease: store.NewLease(other, 2), Now: w.now, Limit: 1, MaxBytes: anyBytes})
		w.equal("due", w.nextDue(), time.Time{})
		w.node() // a later epoch makes no difference
		w.equal("found", []int{w.takeOver(10), w.takeOver(10)}, []int{2, 0})
		w.equal("claimed", ids(w.claim("", w.now, 10), claimedID), []string{late.ID, claimed.ID})
		fenced := w.outcome(late, 1, ringback.DeliveryDelivered)
		fenced.Lease = store.NewLease(other, store.MaxLeaseCount)
		w.commit(fenced)
		w.wantErr(fenced.Err, store.ErrFenced)
		w.equal("status", w.delivery(late).Status, ringback.DeliveryPending)
	},
	"leased deliveries are listed by epoch": func(w *world) {
		first, last := store.NewLease(w.epoch, 1), store.NewLease(w.epoch, store.MaxLeaseCount)
		next := store.NewLease(w.epoch+1, 0)
		refs := map[store.Lease]store.DeliveryRef{}
		for _, lease := range []store.Lease{first, last, next} {
			refs[lease] = ref(w.publishHeld(lease))
		}
		w.publish(store.Scheduled)
		for epoch, want := range map[int64][]store.Lease{w.epoch - 1: nil, w.epoch: {first, last}, w.epoch + 1: {next}} {
			got, err := w.s.LeasedDeliveries(w.ctx(), epoch)
			w.check(err)
			w.equal("how many", len(got), len(want))
			for _, l := range got {
				w.equal("delivery", l.DeliveryRef, refs[l.Lease])
			}
		}
	},
	"an outcome ends its own hold alone": func(w *world) {
		first, second := store.NewLease(w.epoch, 1), store.NewLease(w.epoch, 2)
		d := w.publishHeld(first)
		w.commit(&store.CancelDelivery{DeliveryRef: ref(d), Now: w.tick()})
		retry := &store.RetryDelivery{DeliveryRef: ref(d), Placement: store.Placement{Lease: second}, Now: w.tick()}
		w.commit(retry)
		w.check(retry.Err)
		for _, status := range []ringback.DeliveryStatus{
			ringback.DeliveryPending, ringback.DeliveryFailed, ringback.DeliveryDelivered,
		} {
			late := w.outcome(d, 1, status)
			late.Lease = first
			w.commit(late, &store.PlaceDelivery{DeliveryRef: ref(d), From: first, Placement: store.Placement{Queue: "q"}})
			w.wantErr(late.Err, store.ErrFenced)
			w.equal("leased", w.leasedIDs(), []string{d.ID})
		}
		done := w.outcome(d, 4, ringback.DeliveryDelivered)
		done.Lease = second
		w.commit(done)
		w.check(done.Err)
		w.equal("status", w.delivery(d).Status, ringback.DeliveryDelivered)
		w.equal("attempts", len(w.attempts(d, 10)), 4)
	},
	"outcomes of many deliveries, some under other leases": func(w *world) {
		var ops []store.Op
		var records []*store.RecordAttempt
		for n := range 20 {
			d := w.publishHeld(store.NewLease(w.epoch, int64(n+1)))
			status := ringback.DeliveryStatuses()[n%4]
			op := w.outcome(d, 1, status)
			op.Lease = store.NewLease(w.epoch, int64(n+1+n%3%2)) // every third is another
			records, ops = append(records, op), append(ops, op)
		}
		w.commit(ops...)
		for n, op := range records {
			got := w.delivery(&ringback.Delivery{AccountID: op.AccountID, ID: op.ID})
			want, status := error(nil), op.Status
			if n%3 == 1 {
				want, status = store.ErrFenced, ringback.DeliveryPending
			}
			w.wantErr(op.Err, want)
			w.equal("status", got.Status, status)
			w.equal("attempts", w.attempts(got, 10), []ringback.Attempt{op.Attempt})
		}
	},
	"signals begin with what may have been missed": func(w *world) {
		ctx, cancel := context.WithTimeout(w.ctx(), waitLimit)
		defer cancel()
		var first []store.SignalKind
		err := w.s.Signals(ctx, func(s store.Signal) {
			first = append(first, s.Kind)
			cancel()
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			w.Fatal(err)
		}
		w.equal("signals", first, []store.SignalKind{store.SignalMissed})
	},
	"one at a time under a lock": func(w *world) {
		var inside, most atomic.Int32
		w.inParallel(4, func(ctx context.Context, _ int) error {
			for range 5 {
				if err := w.s.WithLock(ctx, "l", false, func(context.Context) error {
					most.Store(max(most.Load(), inside.Add(1)))
					defer inside.Add(-1)
					_, err := w.s.Setting(ctx, "anything") // takes a while
					return err
				}); err != nil {
					return err
				}
			}
			return nil
		})
		w.equal("at once", most.Load(), int32(1))
	},
	"several under a shared lock, and under others": func(w *world) {
		ctx, cancel := context.WithTimeout(w.ctx(), waitLimit)
		defer cancel()
		var inside atomic.Int32
		all := make(chan struct{})
		w.inParallel(3, func(context.Context, int) error {
			return w.s.WithLock(ctx, "l", true, func(ctx context.Context) error {
				if inside.Add(1) == 3 {
					close(all)
				}
				select {
				case <-all:
				case <-ctx.Done():
					return errors.New("they do not share the lock")
				}
				return w.s.WithLock(ctx, "m", false, func(context.Context) error { return nil })
			})
		})
	},
	"a lock that is shared keeps out who wants it alone": func(w *world) {
		var ended atomic.Bool
		entered := make(chan struct{})
		w.inParallel(2, func(ctx context.Context, n int) error {
			if n == 1 {
				<-entered
				return w.s.WithLock(ctx, "l", false, func(context.Context) error {
					if !ended.Load() {
						return errors.New("both have the lock")
					}
					return nil
				})
			}
			return w.s.WithLock(ctx, "l", true, func(ctx context.Context) error {
				close(entered)
				defer ended.Store(true)
				for range 20 { // takes a while
					if _, err := w.s.Setting(ctx, "anything"); err != nil {
						return err
					}
				}
				return nil
			})
		})
	},
	"a lock is free after an error, which is given back": func(w *world) {
		failure := errors.New("failure")
		for range 2 {
			w.wantErr(w.s.WithLock(w.ctx(), "l", false, func(context.Context) error { return failure }), failure)
		}
	},
}
