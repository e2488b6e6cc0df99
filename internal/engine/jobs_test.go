package engine_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) submit(change func(*engine.SubmitJobParams)) *ringback.Job {
	w.t.Helper()
	p := engine.SubmitJobParams{Type: "render", Input: json.RawMessage(`{"url":"https://a.example"}`)}
	if change != nil {
		change(&p)
	}
	job, _, err := w.e.SubmitJob(w.t.Context(), w.account.ID, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return job
}

func (w *world) lease(wait time.Duration) []*ringback.Job {
	w.t.Helper()
	jobs, err := w.e.LeaseJobs(w.t.Context(), engine.LeaseParams{Types: []string{"render"}, Max: 10, Wait: wait, Lease: 30 * time.Second})
	if err != nil {
		w.t.Fatal(err)
	}
	return jobs
}

func (w *world) job(id string) *ringback.Job {
	w.t.Helper()
	job, err := w.e.Job(w.t.Context(), w.account.ID, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return job
}

func ref(job *ringback.Job) engine.LeaseRef {
	return engine.LeaseRef{JobID: job.ID, Token: job.LeaseToken}
}

func wantCode(t *testing.T, err error, want ringback.Code) {
	t.Helper()
	if err == nil || ringback.CodeOf(err) != want {
		t.Errorf("error %v (code %q); want code %q", err, ringback.CodeOf(err), want)
	}
}

// From submission to webhook, and everything that is refused afterwards.
func TestJobLife(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(200)
		w.net.at(receiver, a.ServeHTTP)
		job := w.submit(func(p *engine.SubmitJobParams) { p.CallbackURL = receiver })
		leased := w.lease(0)
		if len(leased) != 1 || leased[0].ID != job.ID || leased[0].Attempt != 1 || leased[0].Status != ringback.JobRunning {
			t.Fatalf("leased %+v", leased)
		}
		sleep(20 * time.Second)
		until, err := w.e.Heartbeat(t.Context(), ref(leased[0]), 0)
		if err != nil || !until.Equal(time.Now().Add(30*time.Second)) {
			t.Errorf("heartbeat: %v, %v", until, err)
		}
		sleep(20 * time.Second)
		stale := ref(leased[0])
		stale.Token = strings.Replace(stale.Token, "lease_", "lease_x", 1)
		_, err = w.e.CompleteJob(t.Context(), stale, nil, "")
		wantCode(t, err, ringback.CodeStaleLease)
		for range 2 { // the second time the answer was lost
			done, err := w.e.CompleteJob(t.Context(), ref(leased[0]), json.RawMessage(`{"pages":2}`), "doc_1")
			if err != nil || done.Status != ringback.JobSucceeded || done.ResourceID != "doc_1" || string(done.Result) != `{"pages":2}` {
				t.Fatalf("complete: %+v, %v", done, err)
			}
		}
		_, err = w.e.FailJob(t.Context(), ref(leased[0]), "too late", false)
		wantCode(t, err, ringback.CodeJobFinished)
		_, err = w.e.Heartbeat(t.Context(), ref(leased[0]), 0)
		wantCode(t, err, ringback.CodeJobFinished)
		_, err = w.e.CancelJob(t.Context(), w.account.ID, job.ID)
		wantCode(t, err, ringback.CodeJobFinished)
		sleep(time.Hour)
		if got := len(a.times()); got != 1 {
			t.Errorf("%d webhooks", got)
		}
		r, err := w.e.Resource(t.Context(), w.account.ID, "doc_1")
		if err != nil || r.Job == nil || r.Job.ID != job.ID || len(r.Events) != 1 || r.Events[0].Event.Type != "job.succeeded" {
			t.Errorf("resource: %+v, %v", r, err)
		}
	})
}

// A lease that ends without an outcome puts the job back; after the last
// attempt it has failed, and only then there is an event.
func TestLeaseEndsWithoutAnOutcome(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(200)
		w.net.at(receiver, a.ServeHTTP)
		job := w.submit(func(p *engine.SubmitJobParams) { p.CallbackURL = receiver })
		var first *ringback.Job
		for attempt := 1; attempt <= ringback.DefaultMaxAttempts; attempt++ {
			leased := w.lease(time.Minute)
			if len(leased) != 1 || leased[0].Attempt != attempt {
				t.Fatalf("attempt %d: %+v", attempt, leased)
			}
			if first == nil {
				first = leased[0]
			}
			sleep(30*time.Second - time.Microsecond)
			if got := w.job(job.ID); got.Status != ringback.JobRunning {
				t.Fatalf("before the lease ended the job is %s", got.Status)
			}
			sleep(time.Microsecond)
			if attempt == ringback.DefaultMaxAttempts {
				break
			}
			got := w.job(job.ID)
			if got.Status != ringback.JobQueued || !within(time.Until(got.RunAt), time.Second<<(attempt-1)) {
				t.Fatalf("after attempt %d: %s, next in %s", attempt, got.Status, time.Until(got.RunAt))
			}
			if len(w.lease(0)) != 0 {
				t.Fatal("leased during its pause")
			}
			_, err := w.e.CompleteJob(t.Context(), ref(first), nil, "")
			wantCode(t, err, ringback.CodeStaleLease)
		}
		got := w.job(job.ID)
		if got.Status != ringback.JobFailed || !strings.Contains(got.Error, "attempt 3 of 3") || len(a.times()) != 1 {
			t.Errorf("at the end: %s, %q, %d webhooks", got.Status, got.Error, len(a.times()))
		}
		w.measured(`ringback_job_leases_lost_total{reason="expired"} 3`, `ringback_job_leases_lost_total{reason="timeout"} 0`,
			"ringback_job_leases_total 3", `ringback_jobs_finished_total{status="failed"} 1`)
	})
}

func TestFailWithRetry(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		job := w.submit(func(p *engine.SubmitJobParams) { p.MaxAttempts = 2 })
		leased := w.lease(0)
		got, err := w.e.FailJob(t.Context(), ref(leased[0]), "busy", true)
		if err != nil || got.Status != ringback.JobQueued || got.Error != "busy" {
			t.Fatalf("%+v, %v", got, err)
		}
		leased = w.lease(time.Minute) // waits for the pause to end
		if len(leased) != 1 || leased[0].Attempt != 2 {
			t.Fatalf("leased %+v", leased)
		}
		if got, err = w.e.FailJob(t.Context(), ref(leased[0]), "still busy", true); err != nil || got.Status != ringback.JobFailed || got.Error != "still busy" {
			t.Errorf("%+v, %v", got, err)
		}
		events, err := w.e.Events(t.Context(), w.account.ID, engine.EventFilter{JobID: job.ID}, engine.Paging{Limit: 10})
		if err != nil || len(events.Items) != 1 || events.Items[0].Event.Type != "job.failed" {
			t.Errorf("events %+v, %v", events, err)
		}
	})
}

// A heartbeat does not carry a lease past the job's timeout.
func TestTimeout(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		job := w.submit(func(p *engine.SubmitJobParams) { p.Timeout, p.MaxAttempts = 40*time.Second, 1 })
		leased := w.lease(0)
		started := time.Now()
		sleep(20 * time.Second)
		until, err := w.e.Heartbeat(t.Context(), ref(leased[0]), 0)
		if err != nil || !until.Equal(started.Add(40*time.Second)) {
			t.Errorf("the lease ends %s after the start (%v)", until.Sub(started), err)
		}
		sleep(20 * time.Second)
		if got := w.job(job.ID); got.Status != ringback.JobFailed || !strings.Contains(got.Error, "longer than its timeout of 40s") {
			t.Errorf("%s: %q", got.Status, got.Error)
		}
		w.measured(`ringback_job_leases_lost_total{reason="expired"} 0`, `ringback_job_leases_lost_total{reason="timeout"} 1`)
	})
}

func TestRunAt(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		at := time.Now().Add(45 * time.Second)
		w.submit(func(p *engine.SubmitJobParams) { p.RunAt = at })
		if got := w.lease(30 * time.Second); len(got) != 0 {
			t.Fatalf("leased %s early", time.Until(at))
		}
		if got := w.lease(time.Minute); len(got) != 1 || !time.Now().Equal(at) {
			t.Errorf("leased %d jobs, %s after their time", len(got), time.Since(at))
		}
	})
}

// A cancel is immediate, voids the lease, and is an outcome that is told.
func TestCancelJob(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(200)
		w.net.at(receiver, a.ServeHTTP)
		queued := w.submit(func(p *engine.SubmitJobParams) { p.CallbackURL = receiver })
		if _, err := w.e.CancelJob(t.Context(), w.account.ID, queued.ID); err != nil {
			t.Fatal(err)
		}
		if len(w.lease(0)) != 0 {
			t.Error("a canceled job was leased")
		}
		running := w.submit(func(p *engine.SubmitJobParams) { p.CallbackURL = receiver })
		leased := w.lease(0)
		if _, err := w.e.CancelJob(t.Context(), w.account.ID, running.ID); err != nil {
			t.Fatal(err)
		}
		_, err := w.e.Heartbeat(t.Context(), ref(leased[0]), 0)
		wantCode(t, err, ringback.CodeJobCanceled)
		_, err = w.e.CompleteJob(t.Context(), ref(leased[0]), nil, "")
		wantCode(t, err, ringback.CodeJobCanceled)
		_, err = w.e.FailJob(t.Context(), ref(leased[0]), "x", true)
		wantCode(t, err, ringback.CodeJobCanceled)
		sleep(time.Hour)
		if got := len(a.times()); got != 2 {
			t.Errorf("%d webhooks for two canceled jobs", got)
		}
	})
}

// Long polls: each job wakes one worker, at once; nobody misses one.
func TestLongPoll(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		const workers, jobs = 5, 12
		var mu sync.Mutex
		got := make(map[string]int)
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for {
					leased, err := w.e.LeaseJobs(t.Context(), engine.LeaseParams{Types: []string{"x", "render"}, Max: 1, Wait: time.Minute, Lease: time.Hour})
					if err != nil || len(leased) == 0 {
						return
					}
					mu.Lock()
					got[leased[0].ID]++
					mu.Unlock()
				}
			})
		}
		sleep(time.Second)
		for range jobs {
			before := len(got)
			w.submit(nil)
			synctest.Wait()
			mu.Lock()
			if len(got) != before+1 {
				t.Errorf("a job was not leased at once: %d of %d", len(got), before+1)
			}
			mu.Unlock()
		}
		all.Wait()
		for id, n := range got {
			if n != 1 {
				t.Errorf("%s was leased %d times", id, n)
			}
		}
	})
}

// Draining ends long polls and waits.
func TestDrain(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		job := w.submit(func(p *engine.SubmitJobParams) { p.Type = "other" })
		started := time.Now()
		var all sync.WaitGroup
		all.Go(func() { w.lease(time.Minute) })
		all.Go(func() {
			if _, err := w.e.WaitJob(t.Context(), w.account.ID, job.ID, time.Minute); err != nil {
				t.Error(err)
			}
		})
		sleep(time.Second)
		w.stop()
		all.Wait()
		if waited := time.Since(started); waited > 2*time.Second {
			t.Errorf("they ended after %s", waited)
		}
		if w.e.Ready() == nil {
			t.Error("ready after the end")
		}
	})
}

func TestWaitJob(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		job := w.submit(nil)
		leased := w.lease(0)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				got, err := w.e.WaitJob(t.Context(), w.account.ID, ringback.UUID(job.ID), time.Minute)
				if err != nil || got.Status != ringback.JobSucceeded || !time.Now().Equal(got.FinishedAt) {
					t.Errorf("waited for %+v, %v", got, err)
				}
			})
		}
		sleep(10 * time.Second)
		if _, err := w.e.CompleteJob(t.Context(), ref(leased[0]), nil, ""); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		other := w.submit(nil)
		before := time.Now()
		got, err := w.e.WaitJob(t.Context(), w.account.ID, other.ID, 7*time.Second)
		if err != nil || got.Status != ringback.JobQueued || time.Since(before) != 7*time.Second {
			t.Errorf("after %s: %+v, %v", time.Since(before), got, err)
		}
	})
}

// Many with one idempotency key make one job; another request with it is
// refused; after a day the key is forgotten.
func TestIdempotency(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(200)
		w.net.at(receiver, a.ServeHTTP)
		w.endpoint(receiver, nil)
		key := &store.IdempotencyKey{Route: "events", Key: "k", Fingerprint: sha256.Sum256([]byte("a"))}
		publish := func(k *store.IdempotencyKey) (*ringback.Event, bool, error) {
			return w.e.PublishEvent(t.Context(), w.account.ID, engine.PublishEventParams{Type: "a", Key: k})
		}
		var mu sync.Mutex
		ids, replays := make(map[string]bool), 0
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				ev, replayed, err := publish(key)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				ids[ev.ID] = true
				if replayed {
					replays++
				}
			})
		}
		all.Wait()
		sleep(time.Second)
		if len(ids) != 1 || replays != 49 || len(a.times()) != 1 {
			t.Errorf("%d events, %d replays, %d calls", len(ids), replays, len(a.times()))
		}
		other := *key
		other.Fingerprint[0]++
		_, _, err := publish(&other)
		wantCode(t, err, ringback.CodeIdempotencyMismatch)
		sleep(25 * time.Hour)
		if ev, replayed, err := publish(&other); err != nil || replayed || ids[ev.ID] {
			t.Errorf("after a day: replayed %v, %v", replayed, err)
		}
	})
}

// A callback that could not be signed is refused at submission, and one whose
// secret was changed since fails with the reason.
func TestCallbackThatCannotBeSigned(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		job := w.submit(func(p *engine.SubmitJobParams) { p.CallbackURL = receiver })
		set := func(secret engine.Maybe[string]) {
			t.Helper()
			if _, err := w.e.UpdateAccount(t.Context(), w.account.ID, engine.UpdateAccountParams{Secret: secret}); err != nil {
				t.Fatal(err)
			}
		}
		set(engine.Maybe[string]{Set: true, Value: "test_key"})
		for _, p := range []engine.SubmitJobParams{
			{Type: "render", CallbackURL: receiver},
			{Type: "render", CallbackURL: receiver, Profile: "standard"},
		} {
			_, _, err := w.e.SubmitJob(t.Context(), w.account.ID, p)
			wantCode(t, err, ringback.CodeInvalid)
			if err != nil && strings.Contains(err.Error(), "test_key") {
				t.Errorf("the error tells the secret: %v", err)
			}
		}
		var signature string
		w.net.at(receiver, func(_ http.ResponseWriter, r *http.Request) { signature = r.Header.Get("X-Hub-Signature-256") })
		w.submit(func(p *engine.SubmitJobParams) { p.CallbackURL, p.Profile = receiver, "unitary" })
		for _, leased := range w.lease(0) {
			if _, err := w.e.CompleteJob(t.Context(), ref(leased), nil, ""); err != nil {
				t.Fatal(err)
			}
		}
		sleep(time.Second)
		if signature == "" {
			t.Error("the unitary callback has no signature")
		}
		l, err := w.e.Deliveries(t.Context(), w.account.ID, engine.DeliveryFilter{JobID: job.ID}, engine.Paging{Limit: 10})
		if err != nil || len(l.Items) != 1 || l.Items[0].Status != ringback.DeliveryPending || !strings.Contains(l.Items[0].Reason, "whsec_") {
			t.Errorf("the unsignable callback: %+v, %v", l, err)
		}
		set(engine.Maybe[string]{Set: true, Null: true})
		signature = "none yet"
		w.submit(func(p *engine.SubmitJobParams) { p.CallbackURL, p.Profile = receiver, "unitary" })
		for _, leased := range w.lease(0) {
			if _, err := w.e.CompleteJob(t.Context(), ref(leased), nil, ""); err != nil {
				t.Fatal(err)
			}
		}
		sleep(time.Second)
		if signature != "" {
			t.Errorf("without a secret there is the signature %q", signature)
		}
	})
}

// callback_only keeps an outcome from endpoints; events gives it other names.
func TestWhoIsTold(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		ep := answer(200)
		w.net.at("https://endpoint.example/", ep.ServeHTTP)
		w.endpoint("https://endpoint.example/", subscribe("DOCUMENT_CREATE_FINISHED"))
		cb := answer(200)
		w.net.at(receiver, cb.ServeHTTP)
		names := ringback.JobEventTypes{Succeeded: "DOCUMENT_CREATE_FINISHED"}
		w.submit(func(p *engine.SubmitJobParams) { p.EventTypes = names })
		w.submit(func(p *engine.SubmitJobParams) { p.CallbackURL, p.EventTypes = receiver, names })
		w.submit(func(p *engine.SubmitJobParams) { p.CallbackURL, p.EventTypes, p.CallbackOnly = receiver, names, true })
		w.submit(nil)
		for _, leased := range w.lease(0) {
			if _, err := w.e.CompleteJob(t.Context(), ref(leased), nil, ""); err != nil {
				t.Fatal(err)
			}
		}
		sleep(time.Second)
		if e, c := len(ep.times()), len(cb.times()); e != 2 || c != 2 {
			t.Errorf("%d calls to the endpoint, %d to the callback; want 2 and 2", e, c)
		}
	})
}

func TestStoreErrorsAreUnavailable(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		w.store.fail(true)
		_, _, err := w.e.SubmitJob(t.Context(), w.account.ID, engine.SubmitJobParams{Type: "render"})
		wantCode(t, err, ringback.CodeUnavailable)
		if !errors.Is(err, errDiskFull) {
			t.Errorf("the cause is lost: %v", err)
		}
		w.store.fail(false)
		w.submit(nil)
	})
}

// A page of large jobs or events ends early, and its cursor goes on from there.
func TestPagesOfLargeItems(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		const n = 30
		large := json.RawMessage(`{"text":"` + strings.Repeat("x", 1<<20-100) + `"}`)
		for range n {
			w.submit(func(p *engine.SubmitJobParams) { p.Input = large })
			if _, _, err := w.e.PublishEvent(t.Context(), w.account.ID, engine.PublishEventParams{Type: "a", Data: large}); err != nil {
				t.Fatal(err)
			}
		}
		jobs, events := make(map[string]bool), make(map[string]bool)
		pages := 0
		for p := (engine.Paging{Limit: 100}); ; pages++ {
			l, err := w.e.Jobs(t.Context(), w.account.ID, engine.JobFilter{}, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range l.Items {
				jobs[j.ID] = true
			}
			if p.Cursor = l.Next; p.Cursor == "" {
				break
			}
		}
		for p := (engine.Paging{Limit: 100}); ; {
			l, err := w.e.Events(t.Context(), w.account.ID, engine.EventFilter{}, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range l.Items {
				events[e.Event.ID] = true
			}
			if p.Cursor = l.Next; p.Cursor == "" {
				break
			}
		}
		if len(jobs) != n || len(events) != n || pages < 3 {
			t.Errorf("%d jobs in %d pages, %d events; want %d", len(jobs), pages, len(events), n)
		}
	})
}
