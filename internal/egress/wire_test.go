package egress

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// captured is a request as it came over the wire.
type captured struct{ head, body string }

// capture answers every request with 204 and passes it on.
func capture(t *testing.T) (addr string, requests chan captured) {
	t.Helper()
	requests = make(chan captured, 100)
	addr = rawServer(t, func(_ int, conn net.Conn) {
		r := bufio.NewReader(conn)
		for {
			head, err := readHead(r)
			if err != nil {
				return
			}
			var length int64
			if _, after, ok := strings.Cut(head, "Content-Length: "); ok {
				_, _ = fmt.Sscan(after, &length)
			}
			body := new(strings.Builder)
			if _, err := io.CopyN(body, r, length); err != nil {
				return
			}
			requests <- captured{head, body.String()}
			if _, err := io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n"); err != nil {
				return
			}
		}
	})
	return addr, requests
}

func TestRequestOnTheWire(t *testing.T) {
	addr, requests := capture(t)
	c := newTestClient(t, laptop)
	body := strings.Repeat(`{"é":1}`, 20_000)
	resp, err := c.Do(t.Context(), Request{URL: "http://" + addr + "/hook", Body: []byte(body),
		Header: http.Header{"Webhook-Id": {"msg_1"}, "Host": {"evil.example"}, "Content-Length": {"1"}, "Transfer-Encoding": {"chunked"}}})
	if err != nil || resp.StatusCode != 204 || resp.Body != nil {
		t.Fatal(resp, err)
	}
	want := fmt.Sprintf("POST /hook HTTP/1.1\r\nHost: %s\r\nUser-Agent: Ringback\r\nContent-Length: %d\r\nWebhook-Id: msg_1\r\n\r\n", addr, len(body))
	got := <-requests
	if diff := cmp.Diff(want, got.head); diff != "" {
		t.Error(diff)
	}
	if got.body != body {
		t.Errorf("the body has %d bytes, want %d equal ones", len(got.body), len(body))
	}
}

func TestRequestTargetIsExact(t *testing.T) {
	addr, requests := capture(t)
	c := newTestClient(t, laptop)
	for _, target := range []string{
		"/", "/hook", "/?", "/a/", "//a", "/a//b", "/./a/../b", "/%41", "/a%2fb%2Fc", "/a;v=1;w", "/it's", "/(a)!*,$&+=:@~-_.",
		"/a|b", `/{"a"}`, "/a^b`c<d>", "/[x]", "/x?filename=a%20b.mp4&x=1|2", "/x?a=b?c/d", "/x?%zz", "/x?a+b=%2B&a", "/x?;;", `/a|b?"{}|^`, "/x?",
	} {
		if _, err := c.Do(t.Context(), Request{URL: "http://" + addr + target}); err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		line, _, _ := strings.Cut((<-requests).head, "\r\n")
		if want := "POST " + target + " HTTP/1.1"; line != want {
			t.Errorf("the request line is %q, want %q", line, want)
		}
	}
	if _, err := c.Do(t.Context(), Request{URL: "http://" + addr + "?x=1|2"}); err != nil {
		t.Fatal(err)
	}
	if head := (<-requests).head; !strings.HasPrefix(head, "POST /?x=1|2 HTTP/1.1\r\n") {
		t.Errorf("head %q", head)
	}
}

func TestEmptyBodyAndOwnHeaders(t *testing.T) {
	addr, requests := capture(t)
	cfg := laptop
	cfg.UserAgent = "Acme/2"
	c := newTestClient(t, cfg)
	given := http.Header{"Idempotency-Key": {"k"}, "X-Idempotency-Key": {"x"}}
	before := given.Clone()
	for _, tc := range []struct {
		r    Request
		want string
	}{
		{Request{}, "POST / HTTP/1.1\r\nHost: %s\r\nUser-Agent: Acme/2\r\nContent-Length: 0\r\n\r\n"},
		{Request{Method: "GET"}, "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: Acme/2\r\n\r\n"},
		{Request{Header: http.Header{"User-Agent": {"Mine"}}}, "POST / HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mine\r\nContent-Length: 0\r\n\r\n"},
		{Request{Header: given}, "POST / HTTP/1.1\r\nHost: %s\r\nUser-Agent: Acme/2\r\nContent-Length: 0\r\nidempotency-key: k\r\nx-idempotency-key: x\r\n\r\n"},
	} {
		tc.r.URL = "http://" + addr
		if _, err := c.Do(t.Context(), tc.r); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprintf(tc.want, addr), (<-requests).head); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(before, given); diff != "" {
		t.Errorf("the caller's headers were changed: %s", diff)
	}
}

func TestCompressedAnswerIsReturnedRaw(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "hello")
	_ = z.Close()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if v := r.Header.Values("Accept-Encoding"); v != nil {
			t.Errorf("Accept-Encoding is sent: %q", v)
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	resp, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(resp.Body, packed.Bytes()) || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("body %q, headers %v", resp.Body, resp.Header)
	}
}

func TestRedirectsAndCookiesAreNotFollowed(t *testing.T) {
	var requests atomic.Int64
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.Header.Get("Cookie") != "" {
			t.Error("a cookie is sent")
		}
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	c := newTestClient(t, laptop)
	for range 2 {
		resp, err := c.Do(t.Context(), Request{URL: s.URL})
		if err != nil || resp.StatusCode != 307 || resp.Header.Get("Location") != "/elsewhere" {
			t.Fatal(resp, err)
		}
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests came, want 2", n)
	}
}

// The receiver has a name, because net/http never uses a proxy for loopback
// addresses.
func TestProxyFromEnvironmentIsIgnored(t *testing.T) {
	proxy, used := countingServer(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, "http://"+proxy.String())
	}
	addr, requests := capture(t)
	cfg := laptop
	cfg.Resolver = newResolver(t, func(string) []string { return []string{"127.0.0.1"} })
	c := newTestClient(t, cfg)
	_, port, _ := net.SplitHostPort(addr)
	if _, err := c.Do(t.Context(), Request{URL: "http://receiver.example:" + port + "/x"}); err != nil {
		t.Fatal(err)
	}
	if head := (<-requests).head; !strings.HasPrefix(head, "POST /x HTTP/1.1\r\n") {
		t.Errorf("the request is %q", head)
	}
	if n := used.Load(); n != 0 || c.transport.Proxy != nil {
		t.Errorf("the proxy got %d connections", n)
	}
}
