package api_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	e := start(t)
	missing := func(method string) scenario {
		return scenario{request: request{Method: method}, Status: 404, Code: "not_found", Answer: map[string]string{"Location": ""}}
	}
	refused := func(method, allow string) scenario {
		return scenario{
			request: request{Method: method}, Status: 405, Code: "method_not_allowed",
			Want: []string{allow}, Answer: map[string]string{"Allow": allow},
		}
	}
	run(t, e, nil, []scenario{
		missing("GET /"), missing("GET /v1"), missing("GET /v1/"), missing("GET /v1/jobs/"), missing("GET /v1//jobs"), missing("GET //v1/jobs"),
		missing("GET /v1/./jobs"), missing("GET /v1/x/../jobs"), missing("GET /V1/jobs"), missing("GET /v1/jobs/x/y/z"), missing("GET /v1/nothing"),
		missing("POST /v1/jobs/"), missing("GET /favicon.ico"), missing("POST /v1/events/batch/"), missing("GET /v1/%2e%2e/jobs"),
		missing("GET /docs/"), missing("GET /docs/x"), missing("GET /Docs"), refused("POST /docs", "GET, HEAD"),
		refused("PUT /v1/jobs", "GET, HEAD, POST"), refused("DELETE /v1/jobs/x", "GET, HEAD"), refused("GET /v1/jobs/x/cancel", "POST"),
		refused("POST /v1/account/secret", "GET, HEAD"), refused("OPTIONS /v1/account", "GET, HEAD, PATCH"), refused("POST /openapi.json", "GET, HEAD"),
		refused("BREW /v1/endpoints/x", "DELETE, GET, HEAD, PATCH"), refused("POST /healthz", "GET, HEAD"),
		{request: request{Method: "HEAD /v1/jobs"}, Status: 200},
		{request: request{Method: "HEAD /v1/nothing"}, Status: 404},
		{request: request{Method: "HEAD /v1/jobs/lease/x"}, Status: 404},
	})
}

// TestOddRequests sends what no client library would.
func TestOddRequests(t *testing.T) {
	t.Parallel()
	e := start(t)
	for line, status := range map[string]int{
		"CONNECT 127.0.0.1:1 HTTP/1.1":      404,
		"CONNECT /v1/jobs HTTP/1.1":         405,
		"OPTIONS * HTTP/1.1":                200, // net/http's own answer
		"GET * HTTP/1.1":                    404,
		"GET http://x/v1/jobs/ HTTP/1.1":    404,
		"GET /v1/jobs?limit=1;a=2 HTTP/1.1": 401,
		"GET /%00 HTTP/1.1":                 404,
		"GET /healthz HTTP/1.0":             200,
	} {
		t.Run(line, func(t *testing.T) {
			if got := raw(t, e, line+"\r\nHost: x\r\n\r\n"); got != status {
				t.Errorf("status %d, want %d", got, status)
			}
		})
	}
}

// raw sends bytes and gives the status of the answer.
func raw(t *testing.T, e *env, text string) int {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(e.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := fmt.Fprint(c, text); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp.StatusCode
}

// TestWithoutConnection serves a request that no net/http server made.
func TestWithoutConnection(t *testing.T) {
	t.Parallel()
	e := start(t)
	r := httptest.NewRequest(http.MethodPost, "https://tls.example/v1/jobs", strings.NewReader(`{"type":"t"}`))
	r.Header.Set("Authorization", "Bearer "+e.one.key)
	w := httptest.NewRecorder()
	e.api.Handler().ServeHTTP(w, r)
	if w.Code != 202 || !strings.Contains(w.Body.String(), `"status_url":"https://tls.example/v1/jobs/job_`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
