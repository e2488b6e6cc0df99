package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// acceptance is whose event a node answered 202 for.
type acceptance struct {
	account string
	node    int
}

// traffic publishes at every node of a cluster until it is told to stop, and notes
// every 202. An event that was not accepted is published again under the same
// idempotency key, at the next node.
type traffic struct {
	t *testing.T
	c *cluster
	// breaks says that connections may break, since nodes end.
	breaks bool

	stopping   chan struct{}
	publishers sync.WaitGroup
	next       atomic.Int64 // event
	refused    atomic.Int64 // answers with 503

	mu       sync.Mutex
	accepted map[string]acceptance // by event id
}

// publisherPause is between an answer and the next event of a publisher.
const publisherPause = 10 * time.Millisecond

// publisherClient gives up sooner than publishers would: to say that it cannot
// take a change must not take a server long.
var publisherClient = &http.Client{
	Timeout:   10 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 64},
}

func startTraffic(c *cluster, breaks bool) *traffic {
	l := &traffic{t: c.t, c: c, breaks: breaks, stopping: make(chan struct{}), accepted: make(map[string]acceptance)}
	for range 4 {
		l.publishers.Go(func() {
			tick := time.NewTicker(publisherPause)
			defer tick.Stop()
			for {
				select {
				case <-l.stopping:
					return
				case <-tick.C:
					n := int(l.next.Add(1))
					l.publish(n, n)
				}
			}
		})
	}
	c.t.Cleanup(func() {
		select {
		case <-l.stopping:
		default: // the test failed
			l.stop()
		}
	})
	return l
}

// stop returns when every event that was begun is accepted.
func (l *traffic) stop() {
	close(l.stopping)
	l.publishers.Wait()
}

// burst is events that are published at one node, as fast as it takes them.
type burst struct {
	half chan struct{} // closed when half of them are accepted: a good time for a crash
	done sync.WaitGroup
}

func (l *traffic) burst(node, events int) *burst {
	b := &burst{half: make(chan struct{})}
	work := make(chan int, events)
	for range events {
		work <- int(l.next.Add(1))
	}
	close(work)
	var accepted atomic.Int64
	for range 16 {
		b.done.Go(func() {
			for n := range work {
				l.publish(n, node)
				if accepted.Add(1) == int64(events/2) {
					close(b.half)
				}
			}
		})
	}
	return b
}

// bursts begins a burst at every node, and returns when half of each is
// accepted; done waits for the rest.
func (l *traffic) bursts(events int) (done func()) {
	var all []*burst
	for i := range l.c.nodes {
		all = append(all, l.burst(i, events))
	}
	for _, b := range all {
		<-b.half
	}
	return func() {
		for _, b := range all {
			b.done.Wait()
		}
	}
}

// publish publishes an event until it is accepted, first at this node.
func (l *traffic) publish(n, node int) {
	customer := l.c.customers[n%len(l.c.customers)]
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		which, url := l.c.pick(node)
		status, id := l.post(url, n, customer.id)
		switch {
		case status == http.StatusAccepted:
			l.mu.Lock()
			l.accepted[id] = acceptance{customer.id, which}
			l.mu.Unlock()
			return
		case status == http.StatusServiceUnavailable:
			l.refused.Add(1)
		case status == 0 && l.breaks:
		default:
			l.t.Errorf("event %d: status %d", n, status)
			return
		}
		node = which + 1
		pass(publisherPause)
	}
	l.t.Errorf("event %d was not accepted within a minute", n)
}

// post publishes once; without an answer the status is 0.
func (l *traffic) post(url string, n int, account string) (status int, id string) {
	body := fmt.Sprintf(`{"type": "order.paid", "data": {"n": %d}}`, n)
	req, err := http.NewRequest(http.MethodPost, url+"/v1/events", strings.NewReader(body))
	if err != nil {
		l.t.Error(err)
		return 0, ""
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+l.c.operator)
	req.Header.Set("Ringback-Account", account)
	req.Header.Set("Idempotency-Key", fmt.Sprintf("order-%d", n))
	resp, err := publisherClient.Do(req)
	if err != nil {
		if !l.breaks {
			l.t.Errorf("event %d: %v", n, err)
		}
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	if resp.StatusCode == http.StatusServiceUnavailable {
		if after, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || after < 1 {
			l.t.Errorf("503 with Retry-After %q", resp.Header.Get("Retry-After"))
		}
	}
	if resp.StatusCode != http.StatusAccepted {
		return resp.StatusCode, ""
	}
	var event struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(answer, &event); err != nil || event.ID == "" {
		l.t.Errorf("202 with %q", answer)
	}
	return resp.StatusCode, event.ID
}

// of gives the ids of the accepted events of an account.
func (l *traffic) of(account string) []string {
	return l.those(func(a acceptance) bool { return a.account == account })
}

// at gives the ids of the events that a node has accepted.
func (l *traffic) at(node int) []string {
	return l.those(func(a acceptance) bool { return a.node == node })
}

func (l *traffic) those(meant func(acceptance) bool) (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, a := range l.accepted {
		if meant(a) {
			ids = append(ids, id)
		}
	}
	return ids
}
