package egress

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// laptop allows what test servers on loopback need.
var laptop = Config{AllowHTTP: true, AllowPrivate: true}

func newTestClient(t testing.TB, cfg Config) *Client {
	t.Helper()
	c := New(cfg)
	t.Cleanup(c.Close)
	return c
}

func newServer(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// rawServer calls handle with each connection, numbered from 1, and closes it
// afterwards. It returns its address.
func rawServer(t testing.TB, handle func(n int, conn net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for n := 1; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
				defer stop()
				defer func() { _ = conn.Close() }()
				handle(n, conn)
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = ln.Close()
		running.Wait()
	})
	return ln.Addr().String()
}

// readHead reads up to and including the empty line after the headers.
func readHead(r *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String(), err
		}
	}
}

// waitClosed returns when the other side has closed the connection.
func waitClosed(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// wantError fails unless err is an *Error of this kind whose message contains
// every fragment.
func wantError(t *testing.T, err error, kind Kind, fragments ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T %v, want *Error of kind %q", err, err, kind)
	}
	if e.Kind != kind {
		t.Errorf("kind %q (%s, cause %v), want %q", e.Kind, e.Message, e.cause, kind)
	}
	for _, f := range fragments {
		if !strings.Contains(e.Message, f) {
			t.Errorf("message %q lacks %q (cause %v)", e.Message, f, e.cause)
		}
	}
	if e.Unwrap() == nil {
		t.Error("the error has no cause")
	}
}
