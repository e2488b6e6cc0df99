package egress

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// connCounter starts a server that counts new connections.
func connCounter(t *testing.T, h http.HandlerFunc) (url string, count *atomic.Int64) {
	t.Helper()
	count = new(atomic.Int64)
	s := httptest.NewUnstartedServer(h)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			count.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, count
}

func TestConnectionIsReused(t *testing.T) {
	for _, tc := range []struct {
		name  string
		body  string
		conns int64
	}{
		{"empty", "", 1},
		{"small", "ok", 1},
		{"a little over the limit", strings.Repeat("x", DefaultMaxResponseBody+1000), 1},
		{"far over the limit", strings.Repeat("x", DefaultMaxResponseBody+drainBytes+1000), 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url, conns := connCounter(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, tc.body) })
			c := newTestClient(t, laptop)
			for i := range 3 {
				resp, err := c.Do(t.Context(), Request{URL: url, Body: []byte("x")})
				if err != nil {
					t.Fatal(err)
				}
				if reused := resp.Timing.Connect == 0; reused != (i > 0 && tc.conns == 1) {
					t.Errorf("request %d: timing %+v", i, resp.Timing)
				}
			}
			if n := conns.Load(); n != tc.conns {
				t.Errorf("%d connections were made, want %d", n, tc.conns)
			}
		})
	}
}

func TestManyIdleConnectionsAreKept(t *testing.T) {
	const parallel = 50
	var arrived sync.WaitGroup
	url, conns := connCounter(t, func(http.ResponseWriter, *http.Request) {
		arrived.Done()
		arrived.Wait() // so that each needs a connection of its own
	})
	c := newTestClient(t, laptop)
	for range 3 {
		arrived.Add(parallel)
		var done sync.WaitGroup
		for range parallel {
			done.Go(func() {
				if _, err := c.Do(t.Context(), Request{URL: url}); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
	}
	if n := conns.Load(); n != parallel {
		t.Errorf("%d connections were made, want %d", n, parallel)
	}
}

// A receiver that reads a request and closes the connection may have processed
// it: net/http must not send it again by itself, whatever its headers are.
func TestRequestIsNotSentAgain(t *testing.T) {
	for _, tc := range []struct {
		name     string
		answered int // requests answered on a connection before one is not
		header   http.Header
	}{
		{"new connection", 0, nil},
		{"reused connection", 1, nil},
		{"idempotency key, new connection", 0, http.Header{"Idempotency-Key": {"a"}}},
		{"idempotency key, reused connection", 1, http.Header{"Idempotency-Key": {"a"}}},
		{"x-idempotency key, reused connection", 1, http.Header{"X-Idempotency-Key": {"a"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var seen atomic.Int64
			addr := rawServer(t, func(_ int, conn net.Conn) {
				r := bufio.NewReader(conn)
				for i := 0; ; i++ {
					if _, err := readHead(r); err != nil {
						return
					}
					if _, err := r.Discard(len("body")); err != nil {
						return
					}
					seen.Add(1)
					if i >= tc.answered {
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			})
			c := newTestClient(t, laptop)
			request := Request{URL: "http://" + addr, Body: []byte("body"), Header: tc.header}
			for range tc.answered {
				if _, err := c.Do(t.Context(), request); err != nil {
					t.Fatal(err)
				}
			}
			_, err := c.Do(t.Context(), request)
			wantError(t, err, KindProtocol, "closed without an answer")
			if n := seen.Load(); n != int64(tc.answered+1) {
				t.Errorf("the receiver saw %d requests, want %d", n, tc.answered+1)
			}
		})
	}
}

// closeSignal is a connection that tells when it is closed.
type closeSignal struct {
	net.Conn
	closed chan<- struct{}
}

func (c closeSignal) Close() error {
	c.closed <- struct{}{}
	return c.Conn.Close()
}

// A connection that is known to have been closed while it was idle costs no
// attempt.
func TestClosedIdleConnectionIsReplaced(t *testing.T) {
	closed := make(chan struct{}, 100)
	addr := rawServer(t, func(_ int, conn net.Conn) {
		if _, err := readHead(bufio.NewReader(conn)); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	c := newTestClient(t, laptop)
	c.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := c.dialPlain(ctx, network, addr)
		return closeSignal{conn, closed}, err
	}
	for range 5 {
		if _, err := c.Do(t.Context(), Request{URL: "http://" + addr}); err != nil {
			t.Fatal(err)
		}
		<-closed
	}
}
