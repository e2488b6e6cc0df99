package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

var leaseTests = map[string]func(*world){
	"makes a job running": func(w *world) {
		j := w.submit("t")
		got := w.lease("t")
		j.Status, j.Attempt, j.StartedAt = ringback.JobRunning, 1, w.now
		j.Lease, j.LeaseExpiresAt = 30*time.Second, w.now.Add(30*time.Second)
		j.LeaseToken = "token-" + j.ID + "-1"
		w.equal("leased", got, j)
		w.equal("stored", w.job(j), j)
		w.equal("leased twice", w.leaseAs("", 1, "t"), []*ringback.Job(nil))
	},
	"those that could run first come first": func(w *world) {
		a, b, c := w.newJob("t"), w.newJob("u"), w.newJob("t")
		a.RunAt = w.now.Add(time.Minute)
		w.commit(&store.SubmitJob{Job: b}, &store.SubmitJob{Job: a}, &store.SubmitJob{Job: c})
		w.commit(&store.PromoteJobs{Now: a.RunAt, Limit: 10})
		w.equal("order", ids(w.leaseAs(w.account, 10, "u", "t"), jobID), []string{b.ID, c.ID, a.ID})
	},
	"large inputs end a lease early, and the rest can be leased": func(w *world) {
		for range 5 {
			j := w.newJob("t")
			j.Input = []byte(`"` + strings.Repeat("x", 1000) + `"`)
			w.commit(&store.SubmitJob{Job: j})
		}
		for _, c := range []struct{ maxBytes, want int }{{1500, 2}, {1, 1}, {anyBytes, 2}, {anyBytes, 0}} {
			op := &store.LeaseJobs{
				Types: []string{"t"}, Max: 10, MaxBytes: c.maxBytes, Now: w.tick(), Lease: time.Minute,
				Token: func(j *ringback.Job) string { return j.ID },
			}
			w.commit(op)
			w.equal("leased", len(op.Jobs), c.want)
		}
	},
	"only the types asked for, each type once": func(w *world) {
		a := w.submit("a")
		w.submit("b")
		w.equal("leased", ids(w.leaseAs("", 10, "a", "c", "a"), jobID), []string{a.ID})
		w.equal("none", w.leaseAs("", 10), []*ringback.Job(nil))
	},
	"at most max": func(w *world) {
		for range 5 {
			w.submit("t")
		}
		w.equal("leased", len(w.leaseAs("", 3, "t")), 3)
		w.equal("leased", len(w.leaseAs(w.account, 1, "t")), 1)
		w.equal("leased", len(w.leaseAs("", 3, "t")), 1)
	},
	"an account's key leases its own": func(w *world) {
		w.submit("t")
		w.equal("leased", w.leaseAs("acc_other", 10, "t"), []*ringback.Job(nil))
	},
	"an operator takes one of each account in turn": func(w *world) {
		counts := map[string]int{}
		for i, n := range []int{100, 1, 1} {
			w.account = fmt.Sprintf("acc_%d", i)
			for range n {
				w.submit("t")
			}
		}
		for _, j := range w.leaseAs("", 6, "t") {
			counts[j.AccountID]++
		}
		w.equal("leased", counts, map[string]int{"acc_0": 4, "acc_1": 1, "acc_2": 1})
	},
	"many at once, each its own": func(w *world) {
		var made []*ringback.Job
		for i := range 3 {
			w.account = fmt.Sprintf("acc_%d", i)
			for n := range 30 {
				j := w.newJob("t")
				j.Input = fmt.Appendf(nil, `{"n":%d}`, n)
				j.Timeout = time.Duration(n+1) * time.Second
				made = append(made, j)
				w.commit(&store.SubmitJob{Job: j})
			}
		}
		leased := w.leaseAs("", 77, "t")
		w.equal("leased", len(leased), 77)
		for i, j := range leased {
			want := made[i%3*30+i/3]
			w.equal("order", j.ID, want.ID)
			w.equal("input", j.Input, want.Input)
			w.equal("stored", w.job(j), j)
			w.equal("expires", j.LeaseExpiresAt, j.StartedAt.Add(min(j.Lease, want.Timeout)))
		}
		w.equal("the rest", len(w.leaseAs("", 77, "t")), 13)
	},
	"accounts take turns over calls": func(w *world) {
		for i := range 3 {
			w.account = fmt.Sprintf("acc_%d", i)
			for range 10 {
				w.submit("t")
			}
		}
		counts := map[string]int{}
		for range 9 {
			counts[w.lease("t").AccountID]++
		}
		w.equal("leased", counts, map[string]int{"acc_0": 3, "acc_1": 3, "acc_2": 3})
		for range 3 {
			for _, j := range w.leaseAs("", 2, "t") {
				counts[j.AccountID]++
			}
		}
		w.equal("leased", counts, map[string]int{"acc_0": 5, "acc_1": 5, "acc_2": 5})
	},
	"turns of different types do not disturb each other": func(w *world) {
		for i := range 2 {
			w.account = fmt.Sprintf("acc_%d", i)
			for range 10 {
				w.submit("t")
				w.submit("u")
			}
		}
		counts := map[string]int{}
		for range 4 {
			counts["t "+w.lease("t").AccountID]++
			counts["u "+w.lease("u").AccountID]++
		}
		w.equal("leased", counts, map[string]int{"t acc_0": 2, "t acc_1": 2, "u acc_0": 2, "u acc_1": 2})
	},
	"ends with the job's timeout": func(w *world) {
		j := w.newJob("t")
		j.Timeout = 10 * time.Second
		w.commit(&store.SubmitJob{Job: j})
		got := w.lease("t")
		w.equal("expires", got.LeaseExpiresAt, w.now.Add(10*time.Second))
		op := &store.ExtendLease{
			AccountID: j.AccountID, JobID: j.ID, Token: got.LeaseToken,
			Now: w.now.Add(5 * time.Second), Lease: time.Minute,
		}
		w.commit(op)
		w.check(op.Err)
		w.equal("expires", op.ExpiresAt, got.StartedAt.Add(10*time.Second))
	},
	"extend": func(w *world) {
		w.submit("t")
		j := w.lease("t")
		op := &store.ExtendLease{
			AccountID: j.AccountID, JobID: j.ID, Token: j.LeaseToken, Now: w.now.Add(20 * time.Second),
		}
		w.commit(op)
		w.check(op.Err)
		w.equal("by its own length", op.ExpiresAt, op.Now.Add(30*time.Second))
		op.Lease = time.Minute
		w.commit(op)
		w.check(op.Err)
		w.equal("by another", op.ExpiresAt, op.Now.Add(time.Minute))
		w.equal("stored", w.job(j).LeaseExpiresAt, op.ExpiresAt)
		w.equal("nothing else changed", w.job(j).LeaseToken, j.LeaseToken)
	},
	"extend is fenced": func(w *world) {
		j := w.submit("t")
		extend := func(token, id string) error {
			op := &store.ExtendLease{AccountID: j.AccountID, JobID: id, Token: token, Now: w.tick()}
			w.commit(op)
			return op.Err
		}
		w.wantErr(extend("", j.ID), store.ErrFenced) // queued
		leasedJob := w.lease("t")
		w.wantErr(extend("another", j.ID), store.ErrFenced)
		w.equal("job", w.job(j), leasedJob)
		w.wantErr(extend(leasedJob.LeaseToken, "job_none"), store.ErrNotFound)
		w.finish(leasedJob, ringback.JobSucceeded, 0)
		w.wantErr(extend(leasedJob.LeaseToken, j.ID), store.ErrFenced)
	},
}
