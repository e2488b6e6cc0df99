package api_test

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

func TestBadBodies(t *testing.T) {
	t.Parallel()
	e := start(t)
	malformed := func(name, body string, want ...string) scenario {
		return scenario{Name: name, request: request{Method: "POST /v1/jobs", Body: body}, Status: 400, Code: "malformed_body", Want: want}
	}
	media := func(name string, q request) scenario {
		return scenario{Name: name, request: q, Status: 415, Code: "unsupported_media_type", Want: []string{"application/json"}}
	}
	compressed := media("compressed", withHeader(job(""), "Content-Encoding", "gzip"))
	compressed.Want = []string{"Content-Encoding"}
	typed := func(contentType string) request {
		q := job("")
		q.Type = contentType
		return q
	}
	refuse(t, e, nil, []scenario{
		malformed("empty", "", "empty"),
		malformed("white space", " \n", "empty"),
		malformed("not JSON", "type=t", "(byte 1)"),
		malformed("cut off", `{"type":"t"`, "end"),
		malformed("more behind it", `{"type":"t"} {}`, "(byte 13)"),
		malformed("an array", `[{"type":"t"}]`, "object"),
		malformed("a string", `"t"`, "object"),
		malformed("null", `null`, "object"),
		malformed("a number", `5`, "object"),
		malformed("duplicate member", `{"type":"t","type":"u"}`, `duplicate member \"type\"`),
		malformed("duplicate member deep within", `{"type":"t","input":[{"a":{"b":1,"b":1}}]}`, `duplicate member \"b\"`),
		malformed("duplicate member in other words", `{"type":"t","input":{"a":1,"\u0061":1}}`, `duplicate`),
		malformed("invalid UTF-8", "{\"type\":\"t\",\"input\":\"\xff\"}", "UTF-8"),
		malformed("invalid UTF-8 in a name", "{\"type\":\"t\",\"input\":{\"\xc3\":1}}", "UTF-8"),
		malformed("half a surrogate pair", `{"type":"t","input":"\ud800"}`, "surrogate"),
		malformed("nesting", `{"type":"t","input":`+strings.Repeat("[", 500)+strings.Repeat("]", 500)+`}`, "500"),
		malformed("NaN", `{"type":"t","input":NaN}`),
		malformed("a comment", `{"type":"t"/**/}`),
		malformed("a byte order mark", "\ufeff"+`{"type":"t"}`),
		{Name: "over 1 MiB", request: request{Method: "POST /v1/jobs", Body: padded(1<<20 + 1)}, Status: 413, Code: "body_too_large", Want: []string{"1048576"}},
		media("a form", typed("application/x-www-form-urlencoded")),
		media("text", typed("text/plain")),
		media("another JSON", typed("application/vnd.api+json")),
		media("another charset", typed("application/json; charset=latin1")),
		media("nonsense", typed(";;")),
		media("a change", request{Method: "PATCH /v1/account", Type: "application/merge-patch+json", Body: `{"name":"x"}`}),
		compressed,
	})
	e.play(t, nil, scenario{
		Name: "as deep as it may be", Status: 202,
		request: request{Method: "POST /v1/jobs", Body: `{"type":"t","input":` + strings.Repeat("[", 499) + strings.Repeat("]", 499) + `}`},
	})
}

// TestTooLargeIsNotRead announces, or begins to send, more than is taken, and
// gets its answer without sending the rest.
func TestTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	e := start(t)
	const head = "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer "
	for name, rest := range map[string]string{
		"announced": fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n", 1<<40),
		"chunked":   fmt.Sprintf("\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", 1<<40, strings.Repeat(" ", 1<<20+1)),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", strings.TrimPrefix(e.server.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, head+e.one.key+rest); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = resp.Body.Close() })
			if resp.StatusCode != 413 || !resp.Close {
				t.Errorf("status %d, connection closes: %v", resp.StatusCode, resp.Close)
			}
		})
	}
}

// TestBodyBreaksOff ends a body before its end.
func TestBodyBreaksOff(t *testing.T) {
	t.Parallel()
	e := start(t)
	text := "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer " + e.one.key +
		"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"typ\r\nno chunk\r\n\r\n"
	if got := raw(t, e, text); got != 400 {
		t.Errorf("status %d", got)
	}
	if list := e.get(t, 200, request{Method: "GET /v1/jobs"}); list.value("items.0") != nil {
		t.Errorf("a job was made: %s", list.Body)
	}
}
