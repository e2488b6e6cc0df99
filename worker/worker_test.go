package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// request is what the worker told the server.
type request struct {
	at   time.Duration
	what string // lease, heartbeat, complete, fail
	body map[string]any
}

// office is the API's side of leases, without a network, so that it runs on
// fake time.
type office struct {
	mu     sync.Mutex
	begin  time.Time
	jobs   []string // that wait to be leased: JSON
	asked  []request
	leases []request
	answer func(request) (status int, body string) // nil, or status 0 = 200
}

var errAway = errors.New("connection refused")

func (o *office) RoundTrip(r *http.Request) (*http.Response, error) {
	q := request{what: r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], at: time.Since(o.begin)}
	if err := json.NewDecoder(r.Body).Decode(&q.body); err != nil {
		return nil, err
	}
	o.mu.Lock()
	status, body := 0, ""
	if o.answer != nil {
		status, body = o.answer(q)
	}
	var jobs []string
	if q.what == "lease" {
		o.leases = append(o.leases, q)
		if status == 0 {
			n := min(len(o.jobs), int(q.body["max"].(float64)))
			jobs, o.jobs = o.jobs[:n], o.jobs[n:]
			body = `{"jobs":[` + strings.Join(jobs, ",") + `]}`
		}
	} else {
		o.asked = append(o.asked, q)
	}
	o.mu.Unlock()
	switch {
	case status == -1:
		return nil, errAway
	case status == 0 && q.what == "lease" && len(jobs) == 0:
		select { // a long poll
		case <-time.After(time.Duration(q.body["wait_seconds"].(float64) * float64(time.Second))):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if status == 0 {
		status = 200
	}
	if body == "" {
		body = "{}"
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// told lists what the worker told the server, without heartbeats.
func (o *office) told() (all []request) {
	for _, q := range o.asked {
		if q.what != "heartbeat" {
			all = append(all, q)
		}
	}
	return all
}

const theJob = `{"id":"job_1","type":"a","input":{"n":1},"attempt":1,"max_attempts":3,"lease_token":"lease_1","timeout_seconds":3600,"account_id":"acc_1"}`

type result struct {
	office   *office
	outcomes []worker.Outcome
	log      string
	err      error
	took     time.Duration
}

// run has a worker work in fake time until for is over.
func run(t *testing.T, o *office, during time.Duration, do worker.Handler, options ...worker.Option) (r result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.begin = time.Now()
		c, err := client.New("http://api", "rb_x", client.HTTPClient(&http.Client{Transport: o}))
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var log strings.Builder
		w, err := worker.New(c, map[string]worker.Handler{"a": do}, append([]worker.Option{
			worker.Log(slog.New(slog.NewTextHandler(&log, nil))), worker.Lease(30 * time.Second),
			worker.OnOutcome(func(o worker.Outcome) { mu.Lock(); defer mu.Unlock(); r.outcomes = append(r.outcomes, o) }),
		}, options...)...)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), during)
		defer cancel()
		r.err = w.Run(ctx)
		r.took, r.log, r.office = time.Since(o.begin), log.String(), o
	})
	return r
}

// wait waits, but no longer than ctx.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// one checks that one thing was told, and gives it.
func (r *result) one(t *testing.T, what string, status worker.Status) request {
	t.Helper()
	told := r.office.told()
	if r.err != nil || len(told) != 1 || told[0].what != what || len(r.outcomes) != 1 || r.outcomes[0].Status != status {
		t.Fatalf("told %+v, outcomes %+v, %v; want %s, %s\n%s", told, r.outcomes, r.err, what, status, r.log)
	}
	if told[0].body["lease_token"] != "lease_1" {
		t.Errorf("token %v", told[0].body)
	}
	return told[0]
}

func TestHeartbeatsAndCompletion(t *testing.T) {
	r := run(t, &office{jobs: []string{theJob}}, time.Minute, func(ctx context.Context, j worker.Job) (any, error) {
		if string(j.Input) != `{"n":1}` || j.AccountID != "acc_1" {
			t.Errorf("job %+v", j)
		}
		return map[string]string{"html": "<b>"}, wait(ctx, 45*time.Second)
	})
	q := r.one(t, "complete", worker.Succeeded)
	if html := q.body["result"].(map[string]any)["html"]; html != "<b>" || q.at != 45*time.Second {
		t.Errorf("completion %+v", q)
	}
	if len(r.office.asked) != 5 {
		t.Fatalf("asked %+v, want 4 heartbeats", r.office.asked)
	}
	for i, q := range r.office.asked[:4] {
		if q.what != "heartbeat" || q.at != time.Duration(i+1)*10*time.Second {
			t.Errorf("heartbeat %d: %+v", i, q)
		}
	}
	if l := r.office.leases[0].body; l["max"] != 1.0 || l["lease_seconds"] != 30.0 || l["wait_seconds"] != 20.0 {
		t.Errorf("lease %v", l)
	}
	if !strings.Contains(r.log, "outcome=succeeded duration_ms=45000") {
		t.Error(r.log)
	}
}

func TestOutcomes(t *testing.T) {
	bad := errors.New("bad input")
	for name, c := range map[string]struct {
		do     worker.Handler
		what   string
		status worker.Status
		body   map[string]any
	}{
		"error": {func(context.Context, worker.Job) (any, error) { return 1, bad }, "fail", worker.Failed, map[string]any{"error": "bad input", "retry": false}},
		"retry": {func(context.Context, worker.Job) (any, error) { return nil, worker.Retry(bad) }, "fail", worker.Retried, map[string]any{"error": "bad input", "retry": true}},
		"panic": {func(context.Context, worker.Job) (any, error) { panic("secret") }, "fail", worker.Failed, map[string]any{"error": "the worker met with an internal error", "retry": false}},
		"mute":  {func(context.Context, worker.Job) (any, error) { return nil, errors.New(" ") }, "fail", worker.Failed, map[string]any{"error": "it failed without saying why"}},
		"chan": {
			func(context.Context, worker.Job) (any, error) { return make(chan int), nil }, "fail", worker.Failed,
			map[string]any{"error": "the result cannot be written as JSON: json: unsupported type: chan int"},
		},
		"nothing": {func(context.Context, worker.Job) (any, error) { return nil, nil }, "complete", worker.Succeeded, map[string]any{"result": nil}},
		"resource": {func(context.Context, worker.Job) (any, error) {
			return worker.Result{Value: "x", ResourceID: "doc_1"}, nil
		}, "complete", worker.Succeeded, map[string]any{"result": "x", "resource_id": "doc_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, &office{jobs: []string{theJob}}, time.Second, c.do)
			q := r.one(t, c.what, c.status)
			for member, want := range c.body {
				if got := q.body[member]; got != want {
					t.Errorf("%s is %v, want %v", member, got, want)
				}
			}
			if name == "panic" && (!strings.Contains(r.log, "secret") || !strings.Contains(r.log, "worker_test.go")) {
				t.Errorf("the log has no stack:\n%s", r.log)
			}
		})
	}
	long := run(t, &office{jobs: []string{theJob}}, time.Second, func(context.Context, worker.Job) (any, error) {
		return nil, errors.New(strings.Repeat("é", 9000))
	})
	if text, _ := long.one(t, "fail", worker.Failed).body["error"].(string); len(text) > 16<<10 || len(text) < 16<<10-4 || strings.Trim(text, "é") != "…" {
		t.Errorf("%d bytes of error", len(text))
	}
	if worker.Retry(nil) != nil || !errors.Is(worker.Retry(bad), bad) {
		t.Error("Retry")
	}
}

func TestRefusedResult(t *testing.T) {
	o := &office{jobs: []string{theJob}, answer: func(q request) (int, string) {
		if q.what == "complete" {
			return 413, `{"code":"body_too_large","detail":"the body is larger than 1048576 bytes"}`
		}
		return 0, ""
	}}
	r := run(t, o, time.Second, func(context.Context, worker.Job) (any, error) { return 1, nil })
	told := o.told()
	if len(told) != 2 || told[1].what != "fail" || !strings.Contains(told[1].body["error"].(string), "the body is larger than") || r.outcomes[0].Status != worker.Failed {
		t.Errorf("told %+v, outcomes %+v", told, r.outcomes)
	}
}

func TestLostLease(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(request) (int, string)
		at     time.Duration
		want   string
	}{
		"canceled": {func(q request) (int, string) { return 409, `{"code":"job_canceled","detail":"the job was canceled"}` }, 10 * time.Second, "409 Conflict: the job was canceled (job_canceled)"},
		"away":     {func(q request) (int, string) { return -1, "" }, 30 * time.Second, "no heartbeat got through for 30s"},
	} {
		t.Run(name, func(t *testing.T) {
			var cause error
			o := &office{jobs: []string{theJob}, answer: func(q request) (int, string) {
				if q.what != "heartbeat" {
					return 0, ""
				}
				return c.answer(q)
			}}
			r := run(t, o, time.Minute, func(ctx context.Context, _ worker.Job) (any, error) {
				<-ctx.Done()
				cause = context.Cause(ctx)
				return "late", nil
			})
			if len(o.told()) != 0 || len(r.outcomes) != 1 || r.outcomes[0].Status != worker.Lost || r.outcomes[0].Duration != c.at {
				t.Errorf("told %+v, outcomes %+v", o.told(), r.outcomes)
			}
			if !errors.Is(cause, worker.ErrLeaseLost) || !strings.Contains(cause.Error(), c.want) {
				t.Errorf("cause %v", cause)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	o := &office{jobs: []string{strings.Replace(theJob, "3600", "100", 1)}}
	r := run(t, o, 3*time.Minute, func(ctx context.Context, _ worker.Job) (any, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	})
	if q := r.one(t, "fail", worker.Retried); q.at != 99*time.Second || q.body["error"] != "the job's time is up" || q.body["retry"] != true {
		t.Errorf("%+v", q)
	}
}

func TestStop(t *testing.T) {
	r := run(t, &office{jobs: []string{theJob}}, 10*time.Second, func(ctx context.Context, _ worker.Job) (any, error) {
		return "done", wait(ctx, 20*time.Second)
	}, worker.Grace(15*time.Second))
	if q := r.one(t, "complete", worker.Succeeded); q.at != 20*time.Second || r.took != q.at || len(r.office.leases) != 1 {
		t.Errorf("within the grace period: %+v after %s, %d polls", q, r.took, len(r.office.leases))
	}
	r = run(t, &office{jobs: []string{theJob}}, 10*time.Second, func(ctx context.Context, _ worker.Job) (any, error) {
		err := wait(ctx, time.Hour)
		if !errors.Is(context.Cause(ctx), worker.ErrStopped) {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		return nil, err
	}, worker.Grace(5*time.Second))
	if q := r.one(t, "fail", worker.Retried); q.at != 15*time.Second || q.body["retry"] != true || q.body["error"] != worker.ErrStopped.Error() {
		t.Errorf("after the grace period: %+v", q)
	}
}
