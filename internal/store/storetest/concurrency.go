package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

var concurrencyTests = map[string]func(*world){
	"workers share the jobs out": func(w *world) {
		const jobs, workers = 200, 4
		var submits []store.Op
		for range jobs {
			submits = append(submits, &store.SubmitJob{Job: w.newJob("t")})
		}
		w.commit(submits...)
		var mu sync.Mutex
		seen := map[string]int{}
		w.inParallel(workers, func(ctx context.Context, n int) error {
			for {
				op := &store.LeaseJobs{
					Types: []string{"t"}, Max: 7, MaxBytes: anyBytes, Now: w.now, Lease: time.Minute,
					Token: func(j *ringback.Job) string { return fmt.Sprint(n, j.ID) },
				}
				if err := w.s.Commit(ctx, []store.Op{op}); err != nil || len(op.Jobs) == 0 {
					return err
				}
				mu.Lock()
				for _, j := range op.Jobs {
					seen[j.ID]++
				}
				mu.Unlock()
			}
		})
		w.equal("jobs", len(seen), jobs)
		for id, n := range seen {
			if n != 1 {
				w.Errorf("job %s was leased %d times", id, n)
			}
		}
	},
	"reads see what was committed before": func(w *world) {
		w.inParallel(4, func(ctx context.Context, n int) error {
			for i := range 30 {
				now := w.now.Add(time.Duration(n*1000+i) * time.Millisecond)
				e := &ringback.Event{ID: ringback.NewID(ringback.PrefixEvent, now), AccountID: w.account, Type: "t", CreatedAt: now}
				ds := w.deliveriesOf(e, 1, w.leased())
				if err := w.s.Commit(ctx, []store.Op{&store.PublishEvent{Event: e, Deliveries: ds}}); err != nil {
					return err
				}
				if _, err := w.s.Event(ctx, w.account, e.ID); err != nil {
					return err
				}
				record := &store.RecordAttempt{
					Lease:       w.held(),
					DeliveryRef: ref(&ds[0].Delivery), Status: ringback.DeliveryDelivered, Now: now,
					Attempt: ringback.Attempt{Number: 1, StartedAt: now}, URL: "u", Profile: "p",
				}
				if err := w.s.Commit(ctx, []store.Op{record}); err != nil {
					return err
				}
				d, err := w.s.Delivery(ctx, w.account, ds[0].ID)
				if err != nil {
					return err
				}
				if d.Status != ringback.DeliveryDelivered {
					return fmt.Errorf("delivery %s is %s", d.ID, d.Status)
				}
				if _, err := w.s.ListDeliveries(ctx, w.account, store.DeliveryFilter{}, store.Page{Limit: 20}); err != nil {
					return err
				}
			}
			return nil
		})
	},
	"updates do not lose each other": func(w *world) {
		e := w.newEndpoint()
		e.Headers = map[string]string{}
		w.check(w.s.InsertEndpoint(w.ctx(), e, 10))
		w.inParallel(4, func(ctx context.Context, n int) error {
			for i := range 10 {
				if _, err := w.s.UpdateEndpoint(ctx, e.AccountID, e.ID, func(e *ringback.Endpoint) error {
					if e.Headers == nil {
						e.Headers = map[string]string{}
					}
					e.Headers[fmt.Sprintf("X-%d-%d", n, i)] = "1"
					return nil
				}); err != nil {
					return err
				}
			}
			return nil
		})
		w.equal("headers", len(w.endpoint(e).Headers), 40)
	},
}

func (w *world) inParallel(n int, work func(ctx context.Context, n int) error) {
	w.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = work(w.ctx(), i) })
	}
	wg.Wait()
	w.check(errors.Join(errs...))
}
