package api_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/api"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/ringback"
)

// TestEveryCode makes each error happen. A new code fails it until it is here.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	e := start(t, func(_ *egress.Config, c *api.Config) { c.WrongKeys = 1 })
	r := receive(t)
	finished := e.job(t, "done")
	e.get(t, 200, request{Method: "POST /v1/jobs/" + finished + "/cancel"})
	e.job(t, "t")
	running, _ := e.lease(t, "t")
	endpoint := e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"` + r.URL + `","event_types":["e"]}`}).text("id")
	e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"e"}`})
	e.attempt(t, "")
	delivery := e.get(t, 200, request{Method: "GET /v1/deliveries"}).text("items.0.id")
	e.get(t, 200, request{Method: "PATCH /v1/endpoints/" + endpoint, Body: `{"enabled":false}`})
	keyed := withHeader(job(""), "Idempotency-Key", "k")
	e.get(t, 202, keyed)
	keyed.Body = `{"type":"other"}`
	heartbeat := func(job string) request {
		return request{Method: "POST /v1/jobs/" + job + "/heartbeat", Key: e.one.worker, Body: `{"lease_token":"x"}`}
	}
	e.job(t, "complete")
	complete, token := e.lease(t, "complete")
	e.get(t, 200, request{Method: "POST /v1/jobs/" + complete + "/complete", Key: e.one.worker, Body: `{"lease_token":"` + token + `"}`})

	e.get(t, 201, request{Method: "POST /v1/event-types", Body: `{"name":"old","archived":true}`})
	e.get(t, 201, request{Method: "POST /v1/event-types", Body: `{"name":"strict","schema":{"required":["a"]}}`})
	e.get(t, 201, profile("used", ""))
	e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"` + r.URL + `","event_types":["e"],"profile":"used"}`})

	requests := map[ringback.Code]request{
		ringback.CodeMalformedBody:        {Method: "POST /v1/jobs", Body: "{"},
		ringback.CodeUnauthorized:         {Method: "GET /v1/jobs", Key: "none"},
		ringback.CodeMissingScope:         {Method: "POST /v1/jobs/lease", Body: "{}"},
		ringback.CodeOperatorOnly:         {Method: "GET /v1/keys"},
		ringback.CodeNotFound:             {Method: "GET /v1/jobs/x"},
		ringback.CodeMethodNotAllowed:     {Method: "DELETE /v1/jobs"},
		ringback.CodeStaleLease:           heartbeat(running),
		ringback.CodeJobCanceled:          heartbeat(finished),
		ringback.CodeJobFinished:          heartbeat(complete),
		ringback.CodeDeliveryFinished:     {Method: "POST /v1/deliveries/" + delivery + "/cancel"},
		ringback.CodeEndpointDisabled:     {Method: "POST /v1/deliveries/" + delivery + "/retry"},
		ringback.CodeAlreadyExists:        {Method: "POST /v1/event-types", Body: `{"name":"old"}`},
		ringback.CodeProfileInUse:         {Method: "DELETE /v1/profiles/used"},
		ringback.CodeArchivedEventType:    {Method: "POST /v1/events", Body: `{"type":"old"}`},
		ringback.CodeSchemaMismatch:       {Method: "POST /v1/events", Body: `{"type":"strict"}`},
		ringback.CodeBodyTooLarge:         {Method: "POST /v1/jobs", Body: padded(1<<20 + 1)},
		ringback.CodeUnsupportedMediaType: {Method: "POST /v1/jobs", Body: "{}", Type: "text/plain"},
		ringback.CodeInvalid:              {Method: "GET /v1/jobs?limit=0"},
		ringback.CodeIdempotencyMismatch:  keyed,
		ringback.CodeTooManyFailures:      {Method: "GET /v1/jobs", Key: "rb_wrong"},
		ringback.CodeInternal:             {Method: "GET /v1/accounts", Key: e.operator},
		ringback.CodeUnavailable:          job(""),
	}
	e.do(t, request{Method: "GET /v1/jobs", Key: "rb_wrong"})
	for _, code := range ringback.Codes() {
		e.store.defect.Store(code == ringback.CodeInternal)
		e.store.full.Store(code == ringback.CodeUnavailable)
		a := e.do(t, requests[code])
		if ringback.Code(a.text("code")) != code {
			t.Errorf("%s: %d %s", code, a.Status, a.Body)
		}
		if strings.Contains(string(a.Body), "/secret/path") {
			t.Errorf("%s tells what is for the log: %s", code, a.Body)
		}
	}
	if len(requests) != len(ringback.Codes()) {
		t.Errorf("%d requests for %d codes", len(requests), len(ringback.Codes()))
	}
}

// TestFullDisk refuses changes as long as the store does, and takes them again
// by itself.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	e := start(t)
	id := e.job(t, "t")
	e.store.full.Store(true)
	before := e.snapshot(t)
	unavailable := func(q request) scenario {
		return scenario{request: q, Status: 503, Code: "unavailable", Answer: map[string]string{"Retry-After": "5"}}
	}
	run(t, e, nil, []scenario{
		unavailable(job("")),
		unavailable(request{Method: "POST /v1/events", Body: `{"type":"e"}`}),
		unavailable(request{Method: "POST /v1/jobs/" + id + "/cancel"}),
		unavailable(request{Method: "POST /v1/jobs/lease", Key: e.one.worker, Body: `{"types":["t"]}`}),
		unavailable(request{Method: "GET /readyz", Key: "none"}),
		{Name: "alive", request: request{Method: "GET /healthz", Key: "none"}, Status: 200},
		{Name: "reading goes on", request: request{Method: "GET /v1/jobs/" + id}, Status: 200},
	})
	if after := e.snapshot(t); after != before {
		t.Errorf("something was changed:\n%s\n%s", before, after)
	}
	e.store.full.Store(false)
	run(t, e, nil, []scenario{
		{Name: "taken again", request: job(""), Status: 202},
		{Name: "ready again", request: request{Method: "GET /readyz", Key: "none"}, Status: 200},
	})
	e.server.Close()
	if !strings.Contains(e.log.String(), "disk is full") {
		t.Errorf("the log does not say why: %s", e.log)
	}
}

// TestStopping ends waiting when the server is about to stop.
func TestStopping(t *testing.T) {
	t.Parallel()
	e := start(t)
	id := e.job(t, "t")
	e.engine.Drain()
	run(t, e, nil, []scenario{
		{Name: "not ready", request: request{Method: "GET /readyz", Key: "none"}, Status: 503, Code: "unavailable", Answer: map[string]string{"Retry-After": "5"}},
		{Name: "no wait for a job", request: request{Method: "GET /v1/jobs/" + id + "?wait=60"}, Status: 200, Want: []string{"queued"}},
		{Name: "no wait for work", request: request{Method: "POST /v1/jobs/lease", Key: e.one.worker, Body: `{"types":["none"],"wait_seconds":60}`}, Status: 200, Want: []string{`{"jobs":[]}`}},
	})
}

// TestPanic answers for a handler that panics, and logs where.
func TestPanic(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.store.defect.Store(true)
	e.play(t, nil, scenario{
		request: request{Method: "GET /v1/accounts", Key: e.operator}, Status: 500, Code: "internal", Not: []string{"/secret/path", "defect"},
	})
	e.store.defect.Store(false)
	e.play(t, nil, scenario{request: request{Method: "GET /v1/accounts", Key: e.operator}, Status: 200})
	e.server.Close()
	for _, want := range []string{"a defect that tells", "ListAccounts", "GET"} {
		if !strings.Contains(e.log.String(), want) {
			t.Errorf("the log has no %q: %s", want, e.log)
		}
	}
}

// torn is a response whose client goes away at the first byte.
type torn struct{ http.ResponseWriter }

func (torn) Write([]byte) (int, error) { return 0, http.ErrBodyNotAllowed }

// TestClientGone does not take a client that went away for a defect.
func TestClientGone(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, path := range []string{"/v1/jobs", "/v1/nothing", "/openapi.json", "/docs", "/healthz"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+e.one.key)
		e.api.Handler().ServeHTTP(torn{httptest.NewRecorder()}, r)
	}
	if e.log.Len() > 0 {
		t.Errorf("logged: %s", e.log)
	}
}

// TestSeveralFaults lists them by name, each once.
func TestSeveralFaults(t *testing.T) {
	t.Parallel()
	e := start(t)
	a := e.play(t, nil, scenario{request: job(members(30) + `,"a":1`), Status: 422, Field: "a"})
	faults, _ := a.value("errors").([]any)
	var names []string
	for _, f := range faults {
		names = append(names, f.(map[string]any)["field"].(string))
	}
	if len(names) != 20 || !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != 20 {
		t.Errorf("%d faults: %v", len(names), names)
	}
}
