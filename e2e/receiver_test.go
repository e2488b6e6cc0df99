package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/webhook"
)

// receiver is a customer's server: it verifies every call and remembers it.
type receiver struct {
	*httptest.Server

	verifier *webhook.Verifier
	answer   func(w http.ResponseWriter, r *http.Request) // nil = 200

	mu      sync.Mutex
	arrived map[string][]time.Time // by webhook-id
	wrong   []error
}

func newReceiver(t *testing.T, profile, secret string, answer http.HandlerFunc) *receiver {
	t.Helper()
	p, ok := webhook.Lookup(profile)
	if !ok {
		t.Fatalf("no profile %q", profile)
	}
	r := &receiver{answer: answer, arrived: make(map[string][]time.Time)}
	if secret != "" {
		r.secret(t, p, secret)
	}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

// secret sets what calls are verified with.
func (r *receiver) secret(t *testing.T, p webhook.Profile, secret string) {
	t.Helper()
	v, err := webhook.NewVerifier(p, []string{secret})
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verifier = v
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	if err == nil && r.verifier != nil {
		_, err = r.verifier.Verify(req.Header, body)
	}
	if err != nil {
		r.wrong = append(r.wrong, err)
	}
	id := req.Header.Get(webhook.HeaderID)
	r.arrived[id] = append(r.arrived[id], time.Now())
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, req)
	}
}

// count gives how many different ids arrived.
func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.arrived)
}

// check fails the test if any call could not be verified.
func (r *receiver) check(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, err := range r.wrong {
		t.Errorf("a call was not verified: %v", err)
	}
}
