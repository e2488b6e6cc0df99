package e2e

import (
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Each attempt is one line of the log, and no secret is in any.
func TestLog(t *testing.T) {
	p := start(t, "dev", t.TempDir())
	var calls atomic.Int32
	r := newReceiver(t, "standard", "", func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	secret := makeEndpoint(p, r.URL+"/hook?customer=4711", "standard",
		"retry_schedule", []string{"10ms", "10ms"}, "headers", map[string]string{"Authorization": "Bearer sekret-header"})
	profileSecret(t, r, "standard", secret)
	p.call(http.MethodPost, "/v1/events", p.Key, map[string]any{"type": "a", "data": map[string]any{"text": "private-data"}}, nil)
	eventually(t, 10*time.Second, "the third attempt is in the log", func() bool {
		return strings.Contains(p.stderr.String(), "outcome=delivered")
	})
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("ended with %v", err)
	}
	r.check(t)
	log := p.stderr.String()
	if n := strings.Count(log, "msg=attempt"); n != 3 {
		t.Errorf("%d lines for 3 attempts:\n%s", n, log)
	}
	contains(t, log, "status_code=503", "next_attempt_at=", "attempt=3", "delivery=dlv_", "endpoint=ep_", "duration_ms=", r.URL+"/hook")
	for _, private := range []string{secret, p.Key, p.Op, "sekret-header", "4711", "private-data"} {
		if strings.Contains(log, private) {
			t.Errorf("%q is in the log:\n%s", private, log)
		}
	}
}
