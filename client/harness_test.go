package client_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a real server, and clients of it.
type world struct {
	keys               server.Keys
	url                string
	customer, operator *client.Client
}

func start(t *testing.T) *world {
	t.Helper()
	s, err := server.Open(t.Context(), server.Config{
		Addr: "127.0.0.1:0", Dir: t.TempDir(), Dev: true, AllowHTTP: true, AllowPrivate: true,
		Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- s.Run(running) }()
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	w := &world{keys: s.Keys(), url: s.URL()}
	w.customer = newClient(t, s.URL(), w.keys.APIKey, transport)
	w.operator = newClient(t, s.URL(), w.keys.OperatorKey, transport)
	return w
}

func newClient(t *testing.T, url, key string, transport http.RoundTripper, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(url, key, append([]client.Option{client.HTTPClient(&http.Client{Transport: transport})}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer is what a scripted server answers.
type answer struct {
	status int // 0 = the connection breaks
	body   string
	header map[string]string
	hang   bool // until the request's context ends
}

// script is a server without a network, so that it runs on fake time. It gives
// its answers in turn; the last one for ever.
type script struct {
	mu       sync.Mutex
	begin    time.Time
	answers  []answer
	requests []*http.Request
	bodies   []string
	at       []time.Duration
}

var errBroken = errors.New("connection reset by peer")

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	body := ""
	if r.Body != nil {
		raw, _ := io.ReadAll(r.Body)
		body = string(raw)
	}
	a := s.answers[min(len(s.requests), len(s.answers)-1)]
	s.requests, s.bodies, s.at = append(s.requests, r), append(s.bodies, body), append(s.at, time.Since(s.begin))
	s.mu.Unlock()
	if a.hang {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	}
	if a.status == 0 {
		return nil, errBroken
	}
	h := http.Header{}
	for name, value := range a.header {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

func scripted(t *testing.T, answers []answer, options ...client.Option) (*client.Client, *script) {
	t.Helper()
	s := &script{begin: time.Now(), answers: answers}
	return newClient(t, "https://api.example/base/", "rb_test", s, options...), s
}
