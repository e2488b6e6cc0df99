package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/api"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/ringback"
)

func TestAuthentication(t *testing.T) {
	t.Parallel()
	e := start(t)
	with := func(authorization string) request {
		return request{Method: "GET /v1/jobs", Key: "none", Header: map[string]string{"Authorization": authorization}}
	}
	unauthorized := func(name string, q request) scenario {
		return scenario{Name: name, request: q, Status: 401, Code: "unauthorized", Answer: map[string]string{"WWW-Authenticate": "Bearer"}}
	}
	missing := unauthorized("no key", request{Method: "GET /v1/jobs", Key: "none"})
	missing.Want = []string{"Authorization: Bearer rb_"}
	run(t, e, nil, []scenario{
		missing,
		unauthorized("empty", with("")),
		unauthorized("Basic", with("Basic "+e.one.key)),
		unauthorized("no scheme", with(e.one.key)),
		unauthorized("no key after the scheme", with("Bearer ")),
		unauthorized("unknown", with("Bearer rb_unknown")),
		unauthorized("two words", with("Bearer "+e.one.key+" x")),
		unauthorized("too long", with("Bearer "+strings.Repeat("x", 5000))),
		unauthorized("not ASCII", with("Bearer ü")),
		unauthorized("before the body is looked at", request{Method: "POST /v1/jobs", Key: "rb_x", Body: "no JSON"}),
		{Name: "the scheme has no case", request: with("bearer " + e.one.key), Status: 200},
		{Name: "permission comes before the body", request: request{Method: "POST /v1/accounts", Body: "no JSON"}, Status: 403, Code: "operator_only"},
		{Name: "health needs none", request: request{Method: "GET /healthz", Key: "none"}, Status: 200, Want: []string{`{"status":"ok"}`}},
		{Name: "readiness needs none", request: request{Method: "GET /readyz", Key: "none"}, Status: 200, Want: []string{`{"status":"ok"}`}},
		{Name: "the document needs none", request: request{Method: "GET /openapi.json", Key: "none"}, Status: 200, Want: []string{`"openapi":"3.1.0"`, `"version":"test"`}},
	})
	twice, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.server.URL+"/v1/jobs", nil)
	if err != nil {
		t.Fatal(err)
	}
	twice.Header["Authorization"] = []string{"Bearer " + e.one.key, "Bearer " + e.two.key}
	if a := e.send(t, twice); a.Status != 401 {
		t.Errorf("two keys: %d %s", a.Status, a.Body)
	}
}

// TestOperatorsOwnAccount is reached by its name, with an operator's key alone.
func TestOperatorsOwnAccount(t *testing.T) {
	t.Parallel()
	e := start(t)
	at := time.Now().UTC()
	if err := e.store.InsertAccount(t.Context(), &ringback.Account{
		ID: ringback.OperatorAccountID, Name: "operator", CallbackProfile: ringback.DefaultCallbackProfile, CreatedAt: at, UpdatedAt: at,
	}); err != nil {
		t.Fatal(err)
	}
	named := func(key, method, body string) request {
		return request{Method: method, Key: key, Body: body, Header: map[string]string{"Ringback-Account": "operator"}}
	}
	const subscription = `{"url":"http://127.0.0.1:9/monitor","event_types":["delivery.exhausted"]}`
	run(t, e, nil, []scenario{
		{Name: "subscribe", request: named(e.operator, "POST /v1/endpoints", subscription), Status: 201, Want: []string{`/monitor"`}},
		{Name: "not with an account's key", request: named(e.one.key, "POST /v1/endpoints", subscription), Status: 404, Code: "not_found"},
		{Name: "nor to read", request: named(e.one.key, "GET /v1/events", ""), Status: 404, Code: "not_found"},
		{Name: "nothing yet", request: named(e.operator, "GET /v1/events", ""), Status: 200, Want: []string{`"items":[]`}},
	})
	e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"http://127.0.0.1:9/dead","event_types":["*"],"retry_schedule":[]}`})
	ev := e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"order.paid"}`})
	<-e.store.attempts // what is told was committed with it
	told := e.get(t, 200, named(e.operator, "GET /v1/events", ""))
	if told.text("items.0.type") != ringback.EventDeliveryExhausted || told.text("items.0.data.event_id") != ev.text("id") ||
		told.text("items.0.data.account_id") != e.one.id || told.text("items.0.resource_id") != told.text("items.0.data.delivery_id") {
		t.Errorf("the operator was told %s", told.Body)
	}
	if own := e.get(t, 200, request{Method: "GET /v1/events"}); strings.Contains(string(own.Body), ringback.EventDeliveryExhausted) {
		t.Errorf("the account sees what the operator was told: %s", own.Body)
	}
}

// TestTooManyWrongKeys tries three wrong keys where two are allowed.
func TestTooManyWrongKeys(t *testing.T) {
	t.Parallel()
	e := start(t, func(_ *egress.Config, c *api.Config) { c.WrongKeys = 2 })
	wrong := request{Method: "GET /v1/jobs", Key: "rb_wrong"}
	missing := scenario{Name: "no key", request: request{Method: "GET /v1/jobs", Key: "none"}, Status: 401, Code: "unauthorized"}
	right := scenario{Name: "right", request: request{Method: "GET /v1/jobs"}, Status: 200}
	run(t, e, nil, []scenario{
		missing, missing, missing, missing,
		{Name: "first", request: wrong, Status: 401, Code: "unauthorized"},
		{Name: "second", request: wrong, Status: 401, Code: "unauthorized"},
		{Name: "third", request: wrong, Status: 429, Code: "too_many_failures", Want: []string{"right ones still work"}},
		right,
		missing,
		{Name: "fourth", request: wrong, Status: 429, Code: "too_many_failures"},
		right,
	})
}

// TestDefaultOfWrongKeys counts how many wrong keys get 401.
func TestDefaultOfWrongKeys(t *testing.T) {
	t.Parallel()
	e := start(t)
	for i := range 20 {
		if a := e.do(t, request{Method: "GET /v1/jobs", Key: "rb_wrong"}); a.Status != 401 {
			t.Fatalf("wrong key %d: %d", i+1, a.Status)
		}
	}
	if a := e.do(t, request{Method: "GET /v1/jobs", Key: "rb_wrong"}); a.Status != 429 {
		t.Errorf("wrong key 21: %d", a.Status)
	}
}
