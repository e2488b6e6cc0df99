package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/ringback"
)

// office is the API's side of a lease, without a network, so that it runs on
// fake time: one job is there to be leased.
type office struct {
	mu     sync.Mutex
	begin  time.Time
	calls  []call
	answer func(call) (status int, body string) // of all but leases; nil = 200
	leases []client.LeasedJob
}

// call is a request that a worker made.
type call struct {
	at   time.Duration
	path string
	body map[string]any
}

func (o *office) RoundTrip(r *http.Request) (*http.Response, error) {
	c := call{path: r.URL.Path, at: time.Since(o.begin)}
	if r.Body != nil {
		if err := json.NewDecoder(r.Body).Decode(&c.body); err != nil {
			return nil, err
		}
	}
	if c.path == "/v1/jobs/lease" {
		return o.lease(r.Context(), c)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, c)
	if o.answer == nil {
		return respond(200, map[string]any{})
	}
	status, text := o.answer(c)
	return respond(status, json.RawMessage(text))
}

// lease answers a long poll.
func (o *office) lease(ctx context.Context, c call) (*http.Response, error) {
	o.mu.Lock()
	jobs := o.leases
	o.leases = nil
	o.mu.Unlock()
	if len(jobs) == 0 {
		seconds, _ := c.body["wait_seconds"].(float64)
		_ = pause.For(ctx, time.Duration(seconds)*time.Second)
	}
	answer := []any{}
	for _, j := range jobs {
		answer = append(answer, map[string]any{"id": j.ID, "type": jobType, "input": j.Input, "attempt": 1, "lease_token": j.LeaseToken, "timeout_seconds": 60})
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return respond(200, map[string]any{"jobs": answer})
}

func respond(status int, body any) (*http.Response, error) {
	raw, err := json.Marshal(body)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(raw))}, err
}

// employ makes a worker for the office and its one job.
func employ(t *testing.T, o *office, inspect func(context.Context, string) (*findings, error)) (*inspectWorker, *track, *bytes.Buffer) {
	t.Helper()
	id := ringback.NewID(ringback.PrefixJob, time.Now())
	o.begin = time.Now()
	o.leases = []client.LeasedJob{{ID: id, Input: json.RawMessage(`{"url":"http://files/x.png"}`), LeaseToken: "lease_1"}}
	lines, out, tr := testTimeline(false, 200)
	b := newBoard()
	if err := b.submit(tr, "", func() (string, error) { return id, nil }); err != nil {
		t.Fatal(err)
	}
	c := apiOver(t, o)
	return &inspectWorker{operator: c, api: c, board: b, lines: lines, inspect: inspect}, tr, out
}

// apiOver makes a client whose requests go to a RoundTripper.
func apiOver(t *testing.T, r http.RoundTripper) *client.Client {
	t.Helper()
	c, err := client.New("http://api", "rb_x", client.HTTPClient(&http.Client{Transport: r}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// runUntilIdle runs the worker for a minute of fake time.
func runUntilIdle(t *testing.T, w *inspectWorker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.run(ctx); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
}

func TestWorkerHeartbeatsAndCompletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{}
		w, tr, out := employ(t, o, func(ctx context.Context, url string) (*findings, error) {
			if url != "http://files/x.png" {
				t.Errorf("url %q", url)
			}
			_ = pause.For(ctx, 2*leaseLength)
			return &findings{ContentType: "image/png", Size: 7}, ctx.Err()
		})
		runUntilIdle(t, w)
		if len(o.calls) != 6+1 {
			t.Fatalf("%d calls, want 6 heartbeats and an outcome: %+v", len(o.calls), o.calls)
		}
		for i, c := range o.calls[:6] {
			if want := time.Duration(i+1) * (leaseLength / 3); c.at != want || !strings.HasSuffix(c.path, "/heartbeat") || c.body["lease_token"] != "lease_1" {
				t.Errorf("call %d: %+v, want a heartbeat after %v", i, c, want)
			}
		}
		last := o.calls[6]
		result, _ := last.body["result"].(map[string]any)
		if !strings.HasSuffix(last.path, "/complete") || result["content_type"] != "image/png" || last.at != 2*leaseLength {
			t.Errorf("outcome %+v", last)
		}
		if tr.outcome != "succeeded" || !strings.Contains(out.String(), "leased ") || !strings.Contains(out.String(), "done ") {
			t.Errorf("outcome %q; shown:\n%s", tr.outcome, out)
		}
	})
}

func TestWorkerReportsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{}
		w, tr, out := employ(t, o, func(context.Context, string) (*findings, error) { return nil, errors.New("it is cut off") })
		runUntilIdle(t, w)
		if len(o.calls) != 1 || !strings.HasSuffix(o.calls[0].path, "/fail") || o.calls[0].body["error"] != "it is cut off" || o.calls[0].body["retry"] != false {
			t.Errorf("calls %+v", o.calls)
		}
		if tr.outcome != "failed" || tr.trouble != "" || !strings.Contains(out.String(), "failed     it is cut off") {
			t.Errorf("outcome %q, trouble %q; shown:\n%s", tr.outcome, tr.trouble, out)
		}
	})
}

func TestWorkerDropsWhatIsNoLongerItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{answer: func(call) (int, string) { return 409, `{"code":"job_canceled","detail":"the job was canceled"}` }}
		w, tr, out := employ(t, o, func(ctx context.Context, _ string) (*findings, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		runUntilIdle(t, w)
		if len(o.calls) != 1 || o.calls[0].at != leaseLength/3 {
			t.Errorf("calls %+v, want one heartbeat", o.calls)
		}
		if tr.outcome != "" || !strings.Contains(out.String(), "409 Conflict: the job was canceled (job_canceled)") {
			t.Errorf("outcome %q; shown:\n%s", tr.outcome, out)
		}
	})
}

func TestWorkerSaysThatItsOutcomeWasNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{answer: func(call) (int, string) { return 500, `{}` }}
		w, tr, _ := employ(t, o, func(context.Context, string) (*findings, error) { return &findings{}, nil })
		runUntilIdle(t, w)
		if !tr.over || !strings.Contains(tr.trouble, "500 Internal Server Error") {
			t.Errorf("trouble %q", tr.trouble)
		}
	})
}

func TestWorkerEndsIfItMayNotLease(t *testing.T) {
	w, _, _ := employ(t, &office{}, nil)
	w.operator = apiOver(t, refusal{})
	err := w.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the worker cannot lease jobs") || !errors.Is(err, &client.Error{Status: 401}) {
		t.Errorf("error %v", err)
	}
}

type refusal struct{}

func (refusal) RoundTrip(*http.Request) (*http.Response, error) {
	return respond(401, map[string]any{})
}
