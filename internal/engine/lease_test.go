package engine_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
)

// A worker that was woken may take another job than the one it was woken for;
// that one goes to another worker that waits for it.
func TestWakeUpIsNotLost(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		o := w.other()
		for round := range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			var leased atomic.Int64
			var all sync.WaitGroup
			for _, types := range [][]string{{"x", "y"}, {"x"}, {"y"}} {
				all.Go(func() {
					jobs, err := w.e.LeaseJobs(ctx, engine.LeaseParams{Types: types, Max: 1, Wait: time.Minute, Lease: time.Hour})
					if err != nil {
						t.Error(err)
					}
					leased.Add(int64(len(jobs)))
				})
				synctest.Wait()
			}
			// Both fall due while the store cannot commit, so that they are
			// ready at once.
			at := time.Now()
			for i, v := range []*world{o, w} {
				p := engine.SubmitJobParams{Type: []string{"x", "y"}[(i+round)%2], RunAt: at.Add(time.Second)}
				if _, _, err := w.e.SubmitJob(t.Context(), v.account.ID, p); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(900 * time.Millisecond)
			w.store.fail(true)
			time.Sleep(500 * time.Millisecond)
			w.store.fail(false)
			sleep(5 * time.Second)
			if n := leased.Load(); n != 2 {
				t.Errorf("round %d: %d of 2 ready jobs were leased; workers for each wait", round, n)
			}
			cancel()
			all.Wait()
		}
	})
}

// A job wakes one worker that can take it, not all.
func TestIdleWorkersSleep(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 300 {
			all.Go(func() {
				for ctx.Err() == nil {
					_, _ = w.e.LeaseJobs(ctx, engine.LeaseParams{AccountID: w.account.ID, Types: []string{"rare"}, Max: 1, Wait: time.Minute, Lease: time.Minute})
				}
			})
		}
		synctest.Wait()
		before := w.store.leases.Load()
		leased := atomic.Int64{}
		for range 4 {
			all.Go(func() {
				for ctx.Err() == nil {
					jobs, _ := w.e.LeaseJobs(ctx, engine.LeaseParams{AccountID: w.account.ID, Types: []string{"busy"}, Max: 1, Wait: time.Minute, Lease: time.Minute})
					leased.Add(int64(len(jobs)))
				}
			})
		}
		var submit sync.WaitGroup
		for range 200 {
			submit.Go(func() {
				if _, _, err := w.e.SubmitJob(t.Context(), w.account.ID, engine.SubmitJobParams{Type: "busy"}); err != nil {
					t.Error(err)
				}
			})
		}
		submit.Wait()
		sleep(time.Second)
		if got := w.store.leases.Load() - before; got > 1000 {
			t.Errorf("%d lease operations for %d jobs", got, leased.Load())
		}
		cancel()
		all.Wait()
	})
}
