package cluster_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// An endpoint that was made at one node gets what is published at another at
// once, and nothing once it is deleted, however much of the account the other
// remembers.
func TestAnyNode(t *testing.T) {
	c := start(t, 0, 0, 0)
	const rounds = 200
	r := receive(t, 0)
	for i := range rounds {
		a, b := c.nodes[i%3], c.nodes[(i+1)%3]
		ep := c.endpoint(a, r.URL, 0)
		c.publish(b)
		if err := c.nodes[(i+2)%3].DeleteEndpoint(t.Context(), c.account.ID, ep.ID); err != nil {
			t.Fatal(err)
		}
		c.publish(b)
	}
	l, err := c.nodes[0].Deliveries(t.Context(), c.account.ID, engine.DeliveryFilter{}, engine.Paging{Limit: engine.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	n := len(l.Items)
	if l.Next != "" {
		more, err := c.nodes[0].Deliveries(t.Context(), c.account.ID, engine.DeliveryFilter{}, engine.Paging{Limit: engine.MaxLimit, Cursor: l.Next})
		if err != nil {
			t.Fatal(err)
		}
		n += len(more.Items)
	}
	if n != rounds {
		t.Errorf("%d deliveries were made; want one a round, %d", n, rounds)
	}
}

// What is published at one node right after an endpoint was made at another
// arrives.
func TestPublishedElsewhereArrives(t *testing.T) {
	c := start(t, 0, 0)
	for i := range 50 {
		r := receive(t, 0)
		ep := c.endpoint(c.nodes[0], r.URL, 0)
		c.publish(c.nodes[1])
		r.wait(t, 1, 5*time.Second)
		if err := c.nodes[i%2].DeleteEndpoint(t.Context(), c.account.ID, ep.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// A key that is deleted at one node is refused by another soon.
func TestKeys(t *testing.T) {
	c := start(t, 0, 0)
	key, text, err := c.nodes[0].CreateKey(t.Context(), engine.CreateKeyParams{AccountID: c.account.ID, Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.nodes[1].Authenticate(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if err := c.nodes[0].DeleteKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	for over := time.Now().Add(2 * time.Second); ; {
		_, err := c.nodes[1].Authenticate(t.Context(), text)
		if ringback.CodeOf(err) == ringback.CodeUnauthorized {
			return
		}
		if time.Now().After(over) {
			t.Fatalf("a deleted key is taken after two seconds: %v", err)
		}
	}
}

// Jobs go through three nodes, and callers and workers are woken by what happens
// elsewhere.
func TestJobs(t *testing.T) {
	c := start(t, 0, 0, 0)
	const jobs = 30
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	leased := make([]int, 3)
	var all, workers sync.WaitGroup
	var mu sync.Mutex
	for i, n := range c.nodes {
		for range 3 {
			workers.Go(func() {
				for ctx.Err() == nil {
					got, err := n.LeaseJobs(ctx, engine.LeaseParams{Types: []string{"x"}, Max: 1, Wait: 30 * time.Second, Lease: time.Minute})
					if err != nil {
						t.Error(err)
						return
					}
					for _, job := range got {
						mu.Lock()
						leased[i]++
						mu.Unlock()
						ref := engine.LeaseRef{JobID: job.ID, Token: job.LeaseToken}
						if _, err := c.nodes[(i+1)%3].CompleteJob(t.Context(), ref, nil, ""); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
	}
	for i := range jobs {
		all.Go(func() {
			n := c.nodes[i%2] // the third has to hear of work
			job, _, err := n.SubmitJob(t.Context(), c.account.ID, engine.SubmitJobParams{Type: "x"})
			if err != nil {
				t.Error(err)
				return
			}
			begun := time.Now()
			job, err = n.WaitJob(t.Context(), c.account.ID, job.ID, time.Minute)
			if err != nil || job.Status != ringback.JobSucceeded || time.Since(begun) > 10*time.Second {
				t.Errorf("%v after %s, %v", job.Status, time.Since(begun), err)
			}
		})
	}
	all.Wait()
	for _, n := range c.nodes {
		n.drain()
	}
	cancel()
	workers.Wait()
	t.Logf("leased at each node: %v", leased)
}

// What one node holds and another cancels is not sent.
func TestCancel(t *testing.T) {
	c := start(t, 0, 0)
	r := receive(t, time.Second)
	c.endpoint(c.nodes[0], r.URL, 0)
	var events []*ringback.Event
	for range 12 {
		events = append(events, c.publish(c.nodes[1]))
	}
	r.wait(t, 2, 5*time.Second) // two probes, which take a second
	for _, ev := range events[4:] {
		if _, err := c.nodes[0].CancelDelivery(t.Context(), c.account.ID, ringback.DeliveryID(ev.ID, 0)); err != nil {
			t.Fatal(err)
		}
	}
	r.wait(t, 4, 10*time.Second)
	<-time.After(3 * time.Second)
	if got, calls := r.counts(); got != 4 || calls != 4 {
		t.Errorf("%d arrived in %d calls; want 4", got, calls)
	}
}

// What a node held that is gone without a word is sent by the others within ten
// seconds, and nothing twice but what was under way; clocks that are an hour apart
// change nothing of that.
func TestTakeOver(t *testing.T) {
	c := start(t, 0, time.Hour, -time.Hour)
	slow, open := receive(t, 2*time.Second), receive(t, 0)
	c.endpoint(c.nodes[0], open.URL, 0)
	c.endpoint(c.nodes[0], slow.URL, 0)
	const events = 10
	for range events {
		c.publish(c.nodes[2])
	}
	c.recorded(events)             // those of the other one are under way or wait
	slow.wait(t, 2, 5*time.Second) // two probes; the others wait for them
	gone := time.Now()
	c.nodes[2].vanish()
	slow.until(t, 10*time.Second, func(_, calls int) bool { return calls > 2 })
	t.Logf("the others began %s after the node was gone", time.Since(gone))
	slow.wait(t, events, 20*time.Second)
	if _, calls := slow.counts(); calls > events+2 {
		t.Errorf("%d calls for %d deliveries of which two were under way", calls, events)
	}
	if _, calls := open.counts(); calls != events {
		t.Errorf("%d calls for %d deliveries that were recorded", calls, events)
	}
}

// A rate limit holds over nodes while one leaves and one joins.
func TestRateLimit(t *testing.T) {
	c := start(t, 0, 0, time.Hour)
	var all []*receiver
	for range 4 {
		r := receive(t, 0)
		c.endpoint(c.nodes[0], r.URL, 5)
		all = append(all, r)
	}
	const events = 60
	for i := range events {
		c.publish(c.nodes[i%3])
		if i == events/2 {
			c.nodes[2].leave()
			c.nodes[2] = c.nodes[0]
		}
		<-time.After(150 * time.Millisecond)
	}
	for _, r := range all {
		r.wait(t, events, 30*time.Second)
		checkRate(t, r, 5)
		if _, calls := r.counts(); calls != events {
			t.Errorf("%d calls for %d deliveries", calls, events)
		}
	}
}

// checkRate fails if any second has more calls than the limit. Real machines and
// networks delay one request more than the next: one more is let pass.
func checkRate(t *testing.T, r *receiver, limit int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, from := range r.calls {
		n := 0
		for _, at := range r.calls[i:] {
			if at.Sub(from) < time.Second {
				n++
			}
		}
		if n > limit+1 {
			t.Fatalf("%d calls in one second; want %d", n, limit)
		}
	}
}
