package server_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/server"
)

var quiet = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a real server, and clients of it.
type world struct {
	t                  *testing.T
	server             *server.Server
	http               *http.Client
	customer, operator *client.Client
	stop               func()
}

// start runs a server whose configuration may be changed.
func start(t *testing.T, change func(*server.Config)) *world {
	t.Helper()
	config := server.Config{
		Addr: "127.0.0.1:0", Dir: t.TempDir(), Dev: true, AllowHTTP: true, AllowPrivate: true,
		Version: "test", Log: quiet,
	}
	if change != nil {
		change(&config)
	}
	s, err := server.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- s.Run(running) }()
	w := &world{t: t, server: s, http: &http.Client{Transport: &http.Transport{}}}
	w.stop = sync.OnceFunc(func() {
		w.http.CloseIdleConnections()
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.stop)
	w.customer = w.client(s.Keys().APIKey)
	w.operator = w.client(s.Keys().OperatorKey)
	return w
}

func (w *world) client(key string) *client.Client {
	w.t.Helper()
	c, err := client.New(w.server.URL(), key, client.HTTPClient(w.http), client.Retries(0))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// get gives the status, the head and the body of an answer.
func (w *world) get(method, url string, header http.Header) (int, http.Header, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	resp, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

// receiver answers with these statuses, one after the other, the last one for
// ever, and keeps the heads of requests.
type receiver struct {
	*httptest.Server

	mu      sync.Mutex
	headers []http.Header
}

func receive(t *testing.T, statuses ...int) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		status := statuses[min(len(r.headers), len(statuses)-1)]
		r.headers = append(r.headers, q.Header.Clone())
		r.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}
