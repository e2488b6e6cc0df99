package storetest

import (
	"strings"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

var jobTests = map[string]func(*world){
	"round trip": func(w *world) {
		j := w.newJob("render")
		j.Metadata = []byte(`{"m":1}`)
		j.CallbackURL, j.Profile, j.CallbackOnly, j.IncludeResult = "HTTPS://Example.com/a", "sharpapi", true, true
		j.EventTypes = ringback.JobEventTypes{Succeeded: "DONE", Failed: "BROKE"}
		j.ResourceID, j.Timeout, j.MaxAttempts = "doc-1", 90*time.Second, 7
		w.commit(&store.SubmitJob{Job: j})
		w.equal("job", w.job(j), j)
		account, err := w.s.JobAccount(w.ctx(), j.ID)
		w.check(err)
		w.equal("account", account, w.account)
	},
	"not found": func(w *world) {
		_, err := w.s.Job(w.ctx(), w.account, "job_none")
		w.wantErr(err, store.ErrNotFound)
		_, err = w.s.JobAccount(w.ctx(), "job_none")
		w.wantErr(err, store.ErrNotFound)
	},
	"finish": func(w *world) {
		w.submit("t")
		j := w.lease("t")
		op := w.finishing(j, ringback.JobSucceeded, 2)
		op.Job.ResourceID = "res"
		w.commit(op)
		w.check(op.Err)
		w.equal("job", w.job(j), op.Job)
		got, err := w.s.Event(w.ctx(), w.account, op.Event.ID)
		w.check(err)
		w.equal("event", got, op.Event)
		for i := range op.Deliveries {
			w.equal("delivery", w.delivery(&op.Deliveries[i].Delivery), &op.Deliveries[i].Delivery)
		}
	},
	"finish twice, or under another token": func(w *world) {
		w.submit("t")
		j := w.lease("t")
		stale := w.finishing(j, ringback.JobSucceeded, 1)
		stale.Token = "another"
		w.commit(stale)
		w.wantErr(stale.Err, store.ErrFenced)
		w.equal("job", w.job(j), j)
		_, err := w.s.Event(w.ctx(), w.account, stale.Event.ID)
		w.wantErr(err, store.ErrNotFound)
		_, err = w.s.Delivery(w.ctx(), w.account, stale.Deliveries[0].ID)
		w.wantErr(err, store.ErrNotFound)

		first := w.finish(j, ringback.JobFailed, 0)
		again := w.finishing(j, ringback.JobSucceeded, 0)
		w.commit(again)
		w.wantErr(again.Err, store.ErrFenced)
		w.equal("job", w.job(j), first.Job)
		none := w.finishing(w.newJob("t"), ringback.JobFailed, 0)
		w.commit(none)
		w.wantErr(none.Err, store.ErrNotFound)
	},
	"cancel": func(w *world) {
		w.submit("t")
		running := w.lease("t")
		queued := w.submit("t")
		for _, j := range []*ringback.Job{running, queued} {
			op := w.finishing(j, ringback.JobCanceled, 0)
			op.Token = ""
			w.commit(op)
			w.check(op.Err)
			w.equal("job", w.job(j), op.Job)
			again := w.finishing(j, ringback.JobCanceled, 0)
			again.Token = ""
			w.commit(again)
			w.wantErr(again.Err, store.ErrFenced)
		}
		w.equal("left to lease", w.leaseAs("", 10, "t"), []*ringback.Job(nil))
		late := w.finishing(running, ringback.JobSucceeded, 0)
		w.commit(late)
		w.wantErr(late.Err, store.ErrFenced)
	},
	"requeue": func(w *world) {
		w.submit("t")
		j := w.lease("t")
		op := &store.RequeueJob{
			AccountID: j.AccountID, JobID: j.ID, Token: "another", Now: w.tick(), RunAt: w.now, Error: "crashed",
		}
		w.commit(op)
		w.wantErr(op.Err, store.ErrFenced)
		op.Token = j.LeaseToken
		w.commit(op)
		w.check(op.Err)
		got := w.job(j)
		w.equal("status", got.Status, ringback.JobQueued)
		w.equal("error", got.Error, "crashed")
		w.equal("lease end", got.LeaseExpiresAt, time.Time{})
		w.equal("run at", got.RunAt, op.RunAt)
		w.commit(op)
		w.wantErr(op.Err, store.ErrFenced) // not running any more
		second := w.lease("t")
		w.equal("attempt", second.Attempt, 2)
		op.JobID = "job_none"
		w.commit(op)
		w.wantErr(op.Err, store.ErrNotFound)
	},
	"run_at waits for its promotion": func(w *world) {
		later := w.newJob("t")
		later.RunAt = w.now.Add(time.Minute)
		latest := w.newJob("u")
		latest.RunAt = w.now.Add(2 * time.Minute)
		w.commit(&store.SubmitJob{Job: later}, &store.SubmitJob{Job: latest})
		next, _, err := w.s.NextJobTimes(w.ctx())
		w.check(err)
		w.equal("next", next, later.RunAt)

		promote := &store.PromoteJobs{Now: later.RunAt.Add(-time.Microsecond), Limit: 10}
		w.commit(promote)
		w.equal("too early", promote.Promoted, []store.PromotedJob(nil))
		w.equal("too early", w.leaseAs("", 10, "t", "u"), []*ringback.Job(nil))

		promote.Now = later.RunAt
		w.commit(promote)
		w.equal("promoted", promote.Promoted, []store.PromotedJob{{AccountID: w.account, Type: "t"}})
		w.equal("leased", ids(w.leaseAs("", 10, "t", "u"), jobID), []string{later.ID})
		next, _, err = w.s.NextJobTimes(w.ctx())
		w.check(err)
		w.equal("next", next, latest.RunAt)
	},
	"promotion is limited, the earliest first": func(w *world) {
		for i := range 5 {
			j := w.newJob("t" + string(rune('0'+i)))
			j.RunAt = w.now.Add(time.Duration(10-i) * time.Minute)
			w.commit(&store.SubmitJob{Job: j})
		}
		op := &store.PromoteJobs{Now: w.now.Add(time.Hour), Limit: 2}
		w.commit(op)
		w.equal("promoted", op.Promoted, []store.PromotedJob{
			{AccountID: w.account, Type: "t4"}, {AccountID: w.account, Type: "t3"},
		})
	},
	"a requeued job waits too": func(w *world) {
		w.submit("t")
		j := w.lease("t")
		at := w.now.Add(time.Minute)
		w.commit(&store.RequeueJob{AccountID: j.AccountID, JobID: j.ID, Token: j.LeaseToken, Now: w.tick(), RunAt: at})
		w.equal("too early", w.leaseAs("", 1, "t"), []*ringback.Job(nil))
		w.commit(&store.PromoteJobs{Now: at, Limit: 1})
		w.equal("leased", ids(w.leaseAs("", 1, "t"), jobID), []string{j.ID})
	},
	"expired": func(w *world) {
		var ends []time.Time
		var want []string
		for range 3 {
			w.submit("t")
			j := w.lease("t")
			want, ends = append(want, j.ID), append(ends, j.LeaseExpiresAt)
		}
		_, end, err := w.s.NextJobTimes(w.ctx())
		w.check(err)
		w.equal("next end", end, ends[0])
		for n, at := range ends {
			before, err := w.s.ExpiredJobs(w.ctx(), at.Add(-time.Microsecond), 10, anyBytes)
			w.check(err)
			w.equal("before", ids(before, jobID), want[:n])
			expired, err := w.s.ExpiredJobs(w.ctx(), at, 10, anyBytes)
			w.check(err)
			w.equal("expired", ids(expired, jobID), want[:n+1])
		}
		first, err := w.s.ExpiredJobs(w.ctx(), ends[2], 2, anyBytes)
		w.check(err)
		w.equal("limited", ids(first, jobID), want[:2])
		for _, j := range first {
			w.equal("whole", j, w.job(j))
		}
	},
	"expired ones end early": func(w *world) {
		long := []byte(`"` + strings.Repeat("x", 1000) + `"`)
		for i := range 4 {
			j := w.newJob("t")
			if i%2 == 0 {
				j.Input = long
			} else {
				j.Metadata = long
			}
			w.commit(&store.SubmitJob{Job: j})
		}
		w.leaseAs("", 4, "t")
		for _, c := range []struct{ maxBytes, want int }{{1, 1}, {1500, 2}, {2500, 3}, {anyBytes, 4}} {
			got, err := w.s.ExpiredJobs(w.ctx(), w.now.Add(time.Hour), 10, c.maxBytes)
			w.check(err)
			w.equal("jobs", len(got), c.want)
		}
	},
	"nothing waits": func(w *world) {
		w.submit("t")
		next, end, err := w.s.NextJobTimes(w.ctx())
		w.check(err)
		w.equal("times", []time.Time{next, end}, []time.Time{{}, {}})
	},
	"lists stop early": func(w *world) {
		for range 5 {
			j := w.newJob("t")
			j.Input = []byte(`"` + strings.Repeat("x", 1000) + `"`)
			w.commit(&store.SubmitJob{Job: j})
		}
		for _, c := range []struct{ maxBytes, want int }{{1, 1}, {1500, 2}, {2500, 3}, {anyBytes, 5}} {
			got, err := w.s.ListJobs(w.ctx(), w.account, store.JobFilter{}, all, c.maxBytes)
			w.check(err)
			w.equal("jobs", len(got), c.want)
		}
	},
}
