package engine_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
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

// What is leased need not be read to be completed, as long as its engine
// remembers it: so many that their inputs are 16 MiB, and none after a restart.
func TestLeasedJobsAreRemembered(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		large := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
		for _, c := range []struct {
			name   string
			jobs   int
			input  json.RawMessage
			before func()
			reads  int64
		}{
			{"small", 200, json.RawMessage(`{}`), func() {}, 0},
			{"large", 20, large, func() {}, 5},
			{"restarted", 20, json.RawMessage(`{}`), func() { w.restart() }, 20},
		} {
			for range c.jobs {
				w.submit(func(p *engine.SubmitJobParams) { p.Input, p.Metadata = c.input, json.RawMessage(`{"m":1}`) })
			}
			var leased []*ringback.Job
			for len(leased) < c.jobs {
				leased = append(leased, w.lease(0)...)
			}
			c.before()
			reads := w.store.reads.Load()
			ended := make([]*ringback.Job, len(leased))
			for i, job := range leased {
				var err error
				if ended[i], err = w.e.CompleteJob(t.Context(), ref(job), json.RawMessage("1"), ""); err != nil {
					t.Fatal(err)
				}
			}
			if got := w.store.reads.Load() - reads; got != c.reads {
				t.Errorf("%s: %d of %d jobs were read", c.name, got, c.jobs)
			}
			for _, job := range ended {
				if kept := w.job(job.ID); !reflect.DeepEqual(job, kept) {
					t.Fatalf("%s: completed as %+v, kept as %+v", c.name, job, kept)
				}
			}
		}
	})
}

// A lease that is remembered counts for its own account alone, and no longer
// than it is the current one.
func TestRememberedLeaseIsFenced(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		w.submit(nil)
		first := w.lease(0)[0]
		foreign := ref(first)
		foreign.AccountID = w.other().account.ID
		_, err := w.e.CompleteJob(t.Context(), foreign, nil, "")
		wantCode(t, err, ringback.CodeNotFound)
		// It ends behind the engine's back, as by another node.
		at := time.Now()
		end := &store.RequeueJob{AccountID: first.AccountID, JobID: first.ID, Token: first.LeaseToken, Now: at, RunAt: at}
		if err := w.store.Commit(t.Context(), []store.Op{end}); err != nil || end.Err != nil {
			t.Fatal(err, end.Err)
		}
		_, err = w.e.CompleteJob(t.Context(), ref(first), nil, "")
		wantCode(t, err, ringback.CodeStaleLease)
		second := w.lease(0)[0]
		_, err = w.e.Heartbeat(t.Context(), ref(first), 0)
		wantCode(t, err, ringback.CodeStaleLease)
		_, err = w.e.FailJob(t.Context(), ref(first), "x", true)
		wantCode(t, err, ringback.CodeStaleLease)
		if _, err := w.e.CompleteJob(t.Context(), ref(second), nil, ""); err != nil {
			t.Error(err)
		}
	})
}
