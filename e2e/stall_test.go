package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A client that sends all of a body that is too large, before it reads, still
// gets the answer.
func TestLargeBodyGetsItsAnswer(t *testing.T) {
	p := start(t, "dev", t.TempDir())
	for range 10 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		const size = 6 << 20
		head := fmt.Sprintf("POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", p.Key, size)
		if _, err := conn.Write(append([]byte(head), make([]byte, size)...)); err != nil {
			t.Fatalf("sending: %v", err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", resp.StatusCode)
		}
		_ = resp.Body.Close()
		_ = conn.Close()
	}
}

// A body that does not come holds neither the answer nor the connection.
func TestStalledBody(t *testing.T) {
	p := start(t, "dev", t.TempDir())
	for name, c := range map[string]struct {
		method, path, key string
		want              int
	}{
		"wrong key": {http.MethodPost, "/v1/jobs", "wrong", http.StatusUnauthorized},
		"no route":  {http.MethodPost, "/nope", p.Key, http.StatusNotFound},
		"no body":   {http.MethodGet, "/v1/jobs", p.Key, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			started := time.Now()
			if err := conn.SetDeadline(started.Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
				c.method, c.path, c.key); err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(conn)
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("no answer after %s: %v", time.Since(started), err)
			}
			defer func() { _ = resp.Body.Close() }()
			if resp.StatusCode != c.want {
				t.Errorf("status %d; want %d", resp.StatusCode, c.want)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Errorf("the answer's body: %v", err)
			}
			if _, err := in.ReadByte(); err == nil || time.Since(started) > 9*time.Second {
				t.Errorf("after %s the connection is still open (%v)", time.Since(started), err)
			}
		})
	}
}
