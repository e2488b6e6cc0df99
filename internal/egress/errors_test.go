package egress

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestConnectionRefused(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	resp, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: "http://" + addr + "/?token=hunter2"})
	wantError(t, err, KindConnect)
	if err.Error() != "connection refused" || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %q", err)
	}
	if resp.Timing.Total == 0 || resp.Timing.FirstByte != 0 || resp.Timing.TLS != 0 {
		t.Errorf("timing %+v", resp.Timing)
	}
}

func TestDNSErrors(t *testing.T) {
	cfg := laptop
	cfg.Resolver = newResolver(t, func(name string) []string {
		if strings.HasPrefix(name, "silent") {
			return silence
		}
		return nil
	})
	c := newTestClient(t, cfg)
	_, err := c.Do(t.Context(), Request{URL: "http://nowhere.example:81/"})
	wantError(t, err, KindDNS)
	if err.Error() != "no such host nowhere.example" {
		t.Errorf("error %q", err)
	}
	resp, err := c.Do(t.Context(), Request{URL: "http://silent.example:81/", Timeout: 100 * time.Millisecond})
	wantError(t, err, KindTimeout, "within 100ms (spent: DNS 1")
	if resp.Timing.DNS < 50*time.Millisecond || resp.Timing.Connect != 0 {
		t.Errorf("timing %+v", resp.Timing)
	}
}

func TestBadURLIsAnError(t *testing.T) {
	c := newTestClient(t, Config{})
	for _, tc := range []urlCase{
		{"http://example.com/", "use https"},
		{"https://127.0.0.1/", "not a public one"},
		{"https://user:hunter2@example.com/", "user name or password"},
	} {
		resp, err := c.Do(t.Context(), Request{URL: tc.url})
		wantError(t, err, KindURL, tc.reason)
		var refused *URLError
		if !errors.As(err, &refused) || strings.Contains(refused.Error()+err.Error(), "hunter2") {
			t.Errorf("error %v, cause %v", err, refused)
		}
		if resp.Timing.Total == 0 {
			t.Error("no time passed")
		}
	}
}

func TestSilenceIsATimeout(t *testing.T) {
	addr := rawServer(t, func(_ int, conn net.Conn) { waitClosed(conn) })
	c := newTestClient(t, laptop)
	resp, err := c.Do(t.Context(), Request{URL: "http://" + addr, Timeout: 100 * time.Millisecond})
	wantError(t, err, KindTimeout)
	want := regexp.MustCompile(`^no complete answer within 100ms \(spent: DNS (<1|\d+)ms, connect (<1|\d+)ms, waiting for headers \d+ms\)$`)
	if !want.MatchString(err.Error()) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %q", err)
	}
	if resp.Timing.Total < 100*time.Millisecond {
		t.Errorf("timing %+v", resp.Timing)
	}
}

// A receiver that does not read cannot hold a large request longer.
func TestUnreadRequestIsATimeout(t *testing.T) {
	release := make(chan struct{})
	addr := rawServer(t, func(int, net.Conn) { <-release })
	defer close(release)
	_, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: "http://" + addr, Body: make([]byte, 32<<20), Timeout: 200 * time.Millisecond})
	wantError(t, err, KindTimeout, "waiting for headers")
}

func TestCallersDeadlineIsATimeout(t *testing.T) {
	addr := rawServer(t, func(_ int, conn net.Conn) { waitClosed(conn) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := newTestClient(t, laptop).Do(ctx, Request{URL: "http://" + addr})
	wantError(t, err, KindTimeout, "no complete answer within")
}

func TestCanceled(t *testing.T) {
	arrived := make(chan struct{})
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	c := newTestClient(t, laptop)
	_, err := c.Do(ctx, Request{URL: s.URL})
	wantError(t, err, KindCanceled, "canceled")
	_, err = c.Do(ctx, Request{URL: s.URL})
	wantError(t, err, KindCanceled, "canceled")
}

func TestProtocolErrors(t *testing.T) {
	for name, tc := range map[string]struct{ head, want string }{
		"not HTTP":         {"SSH-2.0-OpenSSH_9.6\r\n", "not valid HTTP"},
		"bad header":       {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "not valid HTTP"},
		"two lengths":      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "not valid HTTP"},
		"nothing":          {"", "closed without an answer"},
		"half the headers": {"HTTP/1.1 200 OK\r\nX: y", "closed without an answer"},
	} {
		t.Run(name, func(t *testing.T) {
			url := reply(t, tc.head, func(net.Conn) {})
			_, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: url})
			wantError(t, err, KindProtocol, tc.want)
		})
	}
}

func TestResetIsAProtocolError(t *testing.T) {
	url := reply(t, "", func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) })
	_, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: url})
	wantError(t, err, KindProtocol, "closed without an answer")
}

func TestInvalidHeaderIsTold(t *testing.T) {
	_, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: "http://127.0.0.1:1", Header: http.Header{"X": {"hunter2\n"}}})
	wantError(t, err, KindProtocol, `the request cannot be sent: invalid header field value for "X"`)
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the message repeats the value: %s", err)
	}
}

func TestMessagesHoldNoSecretsOrAddresses(t *testing.T) {
	closing := reply(t, "", func(net.Conn) {})
	silent := reply(t, "", waitClosed)
	c := newTestClient(t, laptop)
	for _, url := range []string{closing, silent, "http://127.0.0.1:1", "https://127.0.0.1:1"} {
		_, err := c.Do(t.Context(), Request{URL: url + "/?token=hunter2", Timeout: 100 * time.Millisecond})
		if err == nil {
			t.Fatalf("%s answered", url)
		}
		if regexp.MustCompile(`hunter2|127\.0\.0\.1|->`).MatchString(err.Error()) {
			t.Errorf("message %q", err)
		}
	}
}

func TestTiming(t *testing.T) {
	hold := make(chan struct{}, 1)
	addr := rawServer(t, func(_ int, conn net.Conn) {
		r := bufio.NewReader(conn)
		for {
			if _, err := readHead(r); err != nil {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
			hold <- struct{}{}
			_, _ = io.WriteString(conn, "ok")
		}
	})
	cfg := laptop
	cfg.Resolver = newResolver(t, func(string) []string { return []string{"127.0.0.1"} })
	c := newTestClient(t, cfg)
	_, port, _ := net.SplitHostPort(addr)
	for i := range 3 {
		start := time.Now()
		resp, err := c.Do(t.Context(), Request{URL: "http://receiver.example:" + port})
		if err != nil {
			t.Fatal(err)
		}
		<-hold
		tm := resp.Timing
		if fresh := tm.DNS > 0 && tm.Connect > 0; fresh != (i == 0) {
			t.Errorf("request %d: timing %+v", i, tm)
		}
		if tm.TLS != 0 || tm.FirstByte <= tm.DNS+tm.Connect || tm.Total < tm.FirstByte || tm.Total > time.Since(start) {
			t.Errorf("request %d: timing %+v", i, tm)
		}
	}
}
