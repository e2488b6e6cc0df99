package e2e

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestRateLimit counts what arrives at a limited endpoint, over a kill and a
// restart, while another one gets all at once.
func TestRateLimit(t *testing.T) {
	const events, perSecond = 60, 20
	dir := t.TempDir()
	p := start(t, "dev", dir)
	limited, free := newReceiver(t, "standard", "", nil), newReceiver(t, "standard", "", nil)
	makeEndpoint(p, limited.URL, "standard", "rate_limit_per_second", perSecond)
	makeEndpoint(p, free.URL, "standard")
	for range events {
		if status := p.call(http.MethodPost, "/v1/events", p.Key, map[string]any{"type": "order.paid"}, nil); status != http.StatusAccepted {
			t.Fatalf("publishing: status %d", status)
		}
	}
	eventually(t, 10*time.Second, "all arrive where there is no limit", func() bool { return free.count() == events })
	if n := limited.count(); n == events {
		t.Errorf("the limited endpoint has all %d already", n)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.exited
	start(t, "dev", dir)
	eventually(t, 20*time.Second, "all arrive at the limited endpoint", func() bool { return limited.count() == events })

	limited.mu.Lock()
	defer limited.mu.Unlock()
	var arrived []time.Time
	for _, times := range limited.arrived {
		arrived = append(arrived, times...)
	}
	slices.SortFunc(arrived, time.Time.Compare)
	const jitter = 3 // calls may be held up on their way, and then arrive closer together
	for i := range arrived {
		if last := i + perSecond + jitter; last < len(arrived) && arrived[last].Sub(arrived[i]) < time.Second {
			t.Fatalf("%d calls arrived within %s", perSecond+jitter+1, arrived[last].Sub(arrived[i]))
		}
	}
	least := (events - 1) * time.Second / perSecond
	if took := arrived[len(arrived)-1].Sub(arrived[0]); took < least-100*time.Millisecond {
		t.Errorf("%d calls arrived within %s; want %s", len(arrived), took, least)
	}
}
