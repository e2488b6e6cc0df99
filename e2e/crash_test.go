package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// inFlightLimit is the most requests that the dispatcher has under way to one
// destination; a crash can repeat no more than those.
const inFlightLimit = 128

// Kill -9 in the middle of 2,000 publishes: every accepted event arrives, and
// only what was in flight arrives twice.
func TestKillWhilePublishing(t *testing.T) {
	const events, publishers = 2000, 16
	dir := t.TempDir()
	p := start(t, "dev", dir)
	r := newReceiver(t, "standard", "", nil)
	secret := makeEndpoint(p, r.URL, "standard")
	profileSecret(t, r, "standard", secret)

	var mu sync.Mutex
	accepted := make(map[string]string) // event id by idempotency key
	pending := make(map[int]bool)
	for i := range events {
		pending[i] = true
	}
	// publishAll publishes what was not accepted yet, and ends early when the
	// server is gone.
	publishAll := func(p *process, onAccepted func(n int)) {
		work := make(chan int, events)
		for i := range pending {
			work <- i
		}
		close(work)
		var all sync.WaitGroup
		for range publishers {
			all.Go(func() {
				for i := range work {
					key := fmt.Sprintf("order-%d", i)
					var ev struct {
						ID string `json:"id"`
					}
					status := p.call(http.MethodPost, "/v1/events", p.Key,
						map[string]any{"type": "order.paid", "data": map[string]any{"n": i}}, &ev, "Idempotency-Key", key)
					if status == 0 {
						return
					}
					if status != http.StatusAccepted {
						t.Errorf("event %d: status %d", i, status)
						return
					}
					mu.Lock()
					accepted[key] = ev.ID
					delete(pending, i)
					n := len(accepted)
					mu.Unlock()
					onAccepted(n)
				}
			})
		}
		all.Wait()
	}
	var killed time.Time
	kill := sync.OnceFunc(func() {
		killed = time.Now()
		_ = p.cmd.Process.Signal(syscall.SIGKILL)
	})
	publishAll(p, func(n int) {
		if n >= events/2 {
			kill()
		}
	})
	<-p.exited
	before := len(accepted)
	if before < events/2 || before == events {
		t.Fatalf("%d events were accepted before the crash", before)
	}

	p = start(t, "dev", dir)
	publishAll(p, func(int) {})
	if len(pending) != 0 {
		t.Fatalf("%d events were not accepted after the restart", len(pending))
	}
	eventually(t, 30*time.Second, "every accepted event arrived", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, id := range accepted {
			if len(r.arrived["msg_"+strings.TrimPrefix(id, "evt_")]) == 0 {
				return false
			}
		}
		return true
	})
	r.check(t)
	checkDuplicates(t, r, killed)
	// An event that was committed but not answered before the crash was not
	// published again: its idempotency key was kept with it.
	if got := r.count(); got != events {
		t.Errorf("%d different events arrived; want %d", got, events)
	}
	t.Logf("%d accepted before the crash, %d after", before, events-before)
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// checkDuplicates fails if more arrived twice than was in flight at the crash,
// or something that arrived long before it.
func checkDuplicates(t *testing.T, r *receiver, killed time.Time) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	twice := 0
	for id, times := range r.arrived {
		if len(times) == 1 {
			continue
		}
		twice++
		if early := killed.Sub(times[0]); early > 2*time.Second {
			t.Errorf("%s arrived %s before the crash and again", id, early)
		}
		if len(times) > 2 {
			t.Errorf("%s arrived %d times", id, len(times))
		}
	}
	if twice > inFlightLimit {
		t.Errorf("%d events arrived twice; at most %d were in flight", twice, inFlightLimit)
	}
	t.Logf("%d arrived twice", twice)
}
