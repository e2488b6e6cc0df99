package worker_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/worker"
)

func TestConcurrency(t *testing.T) {
	o := &office{}
	for range 40 {
		o.jobs = append(o.jobs, theJob)
	}
	var mu sync.Mutex
	now, most := 0, 0
	count := func(n int) { mu.Lock(); defer mu.Unlock(); now += n; most = max(most, now) }
	r := run(t, o, time.Minute, func(ctx context.Context, _ worker.Job) (any, error) {
		count(1)
		defer count(-1)
		return 1, wait(ctx, time.Second)
	}, worker.Concurrency(20))
	if most != 20 || len(r.outcomes) != 40 || o.told()[39].at != 2*time.Second {
		t.Errorf("%d at a time, %d outcomes", most, len(r.outcomes))
	}
	if most := o.leases[0].body["max"]; most != 16.0 {
		t.Errorf("the first poll is for %v jobs", most)
	}
}

func TestWhileTheServerIsAway(t *testing.T) {
	o := &office{jobs: []string{theJob}}
	o.answer = func(q request) (int, string) {
		if q.at < 5*time.Minute {
			return -1, ""
		}
		return 0, ""
	}
	r := run(t, o, 10*time.Minute, func(context.Context, worker.Job) (any, error) { return 1, nil })
	r.one(t, "complete", worker.Succeeded)
	for i, q := range o.leases[:10] {
		if i == 0 {
			continue
		}
		most := min(500*time.Millisecond<<(i-1), 30*time.Second)
		if gap := q.at - o.leases[i-1].at; gap > most || gap < most/2 {
			t.Errorf("try %d comes %s after the one before, not %s to %s", i, gap, most/2, most)
		}
	}
	if strings.Count(r.log, "the server is away") != 1 || strings.Count(r.log, "the server is back") != 1 || !strings.Contains(r.log, "connection refused") {
		t.Error(r.log)
	}
}

// An outcome is told again until the lease ends.
func TestReportWhileTheServerIsAway(t *testing.T) {
	for until, want := range map[time.Duration]worker.Status{20 * time.Second: worker.Succeeded, time.Hour: worker.Lost} {
		o := &office{jobs: []string{theJob}, answer: func(q request) (int, string) {
			if q.what == "complete" && q.at < until {
				return 500 + int(q.at/time.Second)%2*3, "" // 500 and 503
			}
			return 0, ""
		}}
		r := run(t, o, time.Minute, func(context.Context, worker.Job) (any, error) { return 1, nil })
		told := o.told()
		if len(r.outcomes) != 1 || r.outcomes[0].Status != want || told[len(told)-1].at > 30*time.Second || told[len(told)-1].at < 20*time.Second {
			t.Errorf("%+v; the last of %d reports at %s", r.outcomes, len(told), told[len(told)-1].at)
		}
	}
}

func TestHopeless(t *testing.T) {
	r := run(t, &office{answer: func(request) (int, string) { return 401, `{"code":"unauthorized","detail":"unknown key"}` }}, time.Minute, nilHandler)
	if r.err == nil || !strings.Contains(r.err.Error(), "the worker cannot lease jobs: POST /v1/jobs/lease: 401") || r.took != 0 {
		t.Errorf("after %s: %v", r.took, r.err)
	}
	// What stands in for a server that is away is no reason to give up.
	n := 0
	o := &office{answer: func(q request) (int, string) {
		if n++; q.what == "lease" && n > 1 && n < 4 {
			return 404, "<html>"
		}
		return 0, ""
	}}
	if r := run(t, o, time.Minute, nilHandler); r.err != nil || len(o.leases) < 4 {
		t.Errorf("after %d polls: %v", len(o.leases), r.err)
	}
}

func nilHandler(context.Context, worker.Job) (any, error) { return nil, nil }

func TestWrongUse(t *testing.T) {
	good := map[string]worker.Handler{"a": nilHandler}
	for want, wrong := range map[string]func() (*worker.Worker, error){
		"0 types":         func() (*worker.Worker, error) { return worker.New(nil, nil) },
		"no type of jobs": func() (*worker.Worker, error) { return worker.New(nil, map[string]worker.Handler{"a b": nilHandler}) },
		"no handler":      func() (*worker.Worker, error) { return worker.New(nil, map[string]worker.Handler{"a": nil}) },
		"concurrency":     func() (*worker.Worker, error) { return worker.New(nil, good, worker.Concurrency(0)) },
		"a lease of 1.5s": func() (*worker.Worker, error) { return worker.New(nil, good, worker.Lease(1500*time.Millisecond)) },
		"a lease of 2h":   func() (*worker.Worker, error) { return worker.New(nil, good, worker.Lease(2*time.Hour)) },
	} {
		if _, err := wrong(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
