package egress

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestBodyLimit(t *testing.T) {
	const limit = 1000
	cfg := laptop
	cfg.MaxResponseBody = limit
	c := newTestClient(t, cfg)
	for _, length := range []int{0, 1, 511, 512, 513, limit - 1, limit, limit + 1, limit + drainBytes, limit + drainBytes + 1, 10 * drainBytes} {
		for _, chunked := range []bool{false, true} {
			body := strings.Repeat("0123456789", length/10+1)[:length]
			s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				if chunked {
					w.(http.Flusher).Flush()
				} else {
					w.Header().Set("Content-Length", fmt.Sprint(length))
				}
				_, _ = io.WriteString(w, body)
			})
			resp, err := c.Do(t.Context(), Request{URL: s.URL})
			if err != nil {
				t.Fatal(err)
			}
			if want := body[:min(length, limit)]; string(resp.Body) != want || resp.Truncated != (length > limit) {
				t.Errorf("body of %d, chunked %v: kept %d, truncated %v", length, chunked, len(resp.Body), resp.Truncated)
			}
		}
	}
}

// reply is a server that sends head after the request and then calls rest.
func reply(t *testing.T, head string, rest func(conn net.Conn)) string {
	t.Helper()
	return "http://" + rawServer(t, func(_ int, conn net.Conn) {
		if _, err := readHead(bufio.NewReader(conn)); err != nil {
			return
		}
		if _, err := io.WriteString(conn, head); err != nil {
			return
		}
		rest(conn)
	})
}

// forever writes text until the other side closes the connection.
func forever(text string) func(net.Conn) {
	data := []byte(text)
	return func(conn net.Conn) {
		for {
			if _, err := conn.Write(data); err != nil {
				return
			}
		}
	}
}

// drip writes text at every tick until the other side closes the connection.
func drip(text string) func(net.Conn) {
	return func(conn net.Conn) {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
	}
}

// allocated runs f and returns how many bytes were allocated meanwhile.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

const chunk1k = 1 << 10

func TestEndlessBodyIsCut(t *testing.T) {
	data := strings.Repeat("x", chunk1k)
	for name, url := range map[string]string{
		"chunked":     reply(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", forever("400\r\n"+data+"\r\n")),
		"until close": reply(t, "HTTP/1.1 503 Busy\r\n\r\n", forever(data)),
		"announced":   reply(t, "HTTP/1.1 200 OK\r\nContent-Length: 9000000000000\r\n\r\n", forever(data)),
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, laptop)
			var resp Response
			var err error
			memory := allocated(func() { resp, err = c.Do(t.Context(), Request{URL: url}) })
			if err != nil || !resp.Truncated || len(resp.Body) != DefaultMaxResponseBody || resp.StatusCode < 200 {
				t.Errorf("%d, %d bytes, truncated %v, error %v", resp.StatusCode, len(resp.Body), resp.Truncated, err)
			}
			if memory > 1<<20 {
				t.Errorf("%d bytes were allocated", memory)
			}
		})
	}
}

// Once the kept part is there the status counts, even if the rest never comes.
func TestStalledRemainderIsNotWaitedFor(t *testing.T) {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", DefaultMaxResponseBody+100)
	url := reply(t, head+strings.Repeat("x", DefaultMaxResponseBody+1), waitClosed)
	resp, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: url, Timeout: time.Minute})
	if err != nil || !resp.Truncated || len(resp.Body) != DefaultMaxResponseBody || resp.Timing.Total > 10*time.Second {
		t.Errorf("%d bytes, truncated %v, %v, error %v", len(resp.Body), resp.Truncated, resp.Timing.Total, err)
	}
}

func TestSlowBodyIsATimeout(t *testing.T) {
	for name, url := range map[string]string{
		"drip":    reply(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", drip("1\r\nx\r\n")),
		"stalled": reply(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", waitClosed),
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: url, Timeout: 150 * time.Millisecond})
			wantError(t, err, KindTimeout, "no complete answer within 150ms", "reading the body")
			if resp.StatusCode != 200 || len(resp.Body) == 0 || resp.Timing.FirstByte == 0 || resp.Timing.Total > 5*time.Second {
				t.Errorf("response %+v", resp)
			}
		})
	}
}

func TestCutBodyIsAnError(t *testing.T) {
	for name, head := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			url := reply(t, head, func(net.Conn) {})
			resp, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: url})
			wantError(t, err, KindProtocol, "closed in the middle of the answer")
			if string(resp.Body) != "abc" {
				t.Errorf("body %q", resp.Body)
			}
		})
	}
}

func TestHeaderFloodIsCut(t *testing.T) {
	for name, url := range map[string]string{
		"headers":       reply(t, "HTTP/1.1 200 OK\r\n", forever("X-Flood: "+strings.Repeat("x", 100)+"\r\n")),
		"one line":      reply(t, "HTTP/1.1 200 OK\r\nX-Flood: ", forever(strings.Repeat("x", chunk1k))),
		"status line":   reply(t, "HTTP/1.1 200 ", forever(strings.Repeat("x", chunk1k))),
		"informational": reply(t, "", forever("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")),
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, laptop)
			var err error
			memory := allocated(func() { _, err = c.Do(t.Context(), Request{URL: url}) })
			wantError(t, err, KindProtocol, "headers of the answer are too large")
			if memory > 4<<20 {
				t.Errorf("%d bytes were allocated", memory)
			}
		})
	}
}

func TestSlowHeadersAreATimeout(t *testing.T) {
	url := reply(t, "HTTP/1.1 200 OK\r\n", drip("X: y\r\n"))
	resp, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: url, Timeout: 150 * time.Millisecond})
	wantError(t, err, KindTimeout, "waiting for headers")
	if resp.StatusCode != 0 || resp.Timing.FirstByte == 0 {
		t.Errorf("response %+v", resp)
	}
}

func TestSwitchingProtocolsIsReturned(t *testing.T) {
	url := reply(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", waitClosed)
	resp, err := newTestClient(t, laptop).Do(t.Context(), Request{URL: url})
	if err != nil || resp.StatusCode != 101 || resp.Body != nil {
		t.Errorf("response %+v, error %v", resp, err)
	}
}
