package bench

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The client understands what net/http answers, over one connection.
func TestConn(t *testing.T) {
	var connections atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v, %v", err, r.Header)
		}
		switch r.URL.Path {
		case "/echo":
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write(body)
		case "/chunks":
			for range 3 {
				_, _ = w.Write(body)
				w.(http.Flusher).Flush()
			}
		case "/later":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/close":
			w.Header().Set("Connection", "close")
		case "/cut":
			panic(http.ErrAbortHandler)
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	addr := strings.TrimPrefix(s.URL, "http://")
	var c conn
	defer c.close()
	large := strings.Repeat("0123456789", 3000)
	for _, want := range []struct {
		path, body, answer string
		status             int
		connections        int64
	}{
		{"/echo", `{"n":1}`, `{"n":1}`, 202, 1},
		{"/echo", large, large, 202, 1},
		{"/chunks", large, large + large + large, 200, 1},
		{"/later", "", "", 503, 1},
		{"/close", "", "", 200, 1},
		{"/echo", "x", "x", 202, 2},
	} {
		a, err := c.do(post(addr, want.path, "secret"), []byte(want.body))
		if err != nil || a.status != want.status || string(a.body) != want.answer || connections.Load() != want.connections {
			t.Errorf("%s: %v, %d, %d bytes, %d connections", want.path, err, a.status, len(a.body), connections.Load())
		}
		if (a.retryAfter == 7*time.Second) != (want.path == "/later") {
			t.Errorf("%s: come again after %s", want.path, a.retryAfter)
		}
	}
	if _, err := c.do(post(addr, "/cut", "secret"), nil); err == nil {
		t.Error("an answer that was cut off is taken for one")
	}
	if a, err := c.do(post(addr, "/echo", "secret"), []byte("again")); err != nil || string(a.body) != "again" {
		t.Errorf("after an error: %v, %q", err, a.body)
	}
}

// Requests are read however they come in pieces, one after the other.
func TestIncoming(t *testing.T) {
	var wire bytes.Buffer
	bodies := []string{`{"n":1}`, strings.Repeat("x", 10_000), ""}
	for i, body := range bodies {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/e/"+string(rune('0'+i)), strings.NewReader(body))
		r.Header.Set("Webhook-Id", "msg_1")
		if body == "" {
			r.Body, r.ContentLength = http.NoBody, 0
		}
		if err := r.Write(&wire); err != nil {
			t.Fatal(err)
		}
	}
	all := wire.Bytes()
	for _, piece := range []int{1, 7, 4096, len(all)} {
		in := newIncoming(&pieces{all, piece})
		for i, body := range bodies {
			if err := in.next(); err != nil {
				t.Fatalf("pieces of %d, request %d: %v", piece, i, err)
			}
			k, ok := in.endpoint()
			if string(in.body) != body || k != i || !ok || in.header().Get("Webhook-Id") != "msg_1" {
				t.Errorf("pieces of %d, request %d: %d bytes at %d, %v", piece, i, len(in.body), k, in.header())
			}
		}
		if err := in.next(); !errors.Is(err, io.EOF) {
			t.Errorf("pieces of %d: %v at the end", piece, err)
		}
	}
}

// pieces reads at most so many bytes at once.
type pieces struct {
	rest []byte
	most int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.most, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

func TestEventData(t *testing.T) {
	for _, n := range []int{0, 7, 999_999} {
		body := appendEvent(nil, eventType, n, 1_764_000_000_123_456)
		data := body[len(`{"type":"`+eventType+`","data":`) : len(body)-1]
		if len(data) != dataBytes {
			t.Errorf("data of event %d has %d bytes", n, len(data))
		}
		got, ok := readNumber(body, beforeNumber)
		at, okAt := readNumber(body, beforeTime)
		if got != int64(n) || !ok || at != 1_764_000_000_123_456 || !okAt {
			t.Errorf("%d, %t, %d, %t", got, ok, at, okAt)
		}
	}
	for _, body := range []string{"", `{"n":`, `{"n":"x"}`, `{"m":1}`} {
		if n, ok := readNumber([]byte(body), beforeNumber); ok {
			t.Errorf("%q has the number %d", body, n)
		}
	}
}
