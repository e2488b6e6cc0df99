package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/ringback"
)

// each calls f for every operation of the document.
func (e *env) each(f func(method, path string, op *huma.Operation)) {
	for path, item := range e.api.OpenAPI().Paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete} {
			if op := operationOf(item, method); op != nil {
				f(method, path, op)
			}
		}
	}
}

// scopes gives what an operation needs, of its extension; nil if it is public.
func scopes(op *huma.Operation) []ringback.Scope {
	s, _ := op.Extensions["x-ringback-scope"].([]ringback.Scope)
	return s
}

// TestIsolation calls every operation that names something, with what belongs
// to the first account and the second account's key.
func TestIsolation(t *testing.T) {
	t.Parallel()
	e := start(t)
	r := receive(t)
	endpoint := e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"` + r.URL + `","event_types":["e"]}`}).text("id")
	event := e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"e","resource_id":"doc"}`}).text("id")
	e.attempt(t, "")
	delivery := e.get(t, 200, request{Method: "GET /v1/deliveries"}).text("items.0.id")
	e.job(t, "t")
	job, token := e.lease(t, "t")
	e.get(t, 201, request{Method: "POST /v1/event-types", Body: `{"name":"e"}`})
	e.get(t, 201, profile("mine", ""))

	ids := map[string]string{
		"/v1/jobs/{id}": job, "/v1/events/{id}": event, "/v1/endpoints/{id}": endpoint, "/v1/deliveries/{id}": delivery,
		"/v1/resources/{resource_id}": "doc", "/v1/event-types/{name}": "e", "/v1/profiles/{name}": "mine",
	}
	bodies := map[string]string{
		"heartbeatJob": `{"lease_token":"` + token + `"}`, "completeJob": `{"lease_token":"` + token + `"}`,
		"failJob": `{"lease_token":"` + token + `","error":"x"}`, "updateEndpoint": `{"enabled":false}`,
		"rotateEndpointSecret": `{}`, "testEndpoint": `{}`, "recoverEndpoint": `{"since":"2026-01-02T00:00:00Z"}`, "updateEventType": `{"archived":true}`,
		"updateProfile": `{"prefix":"x"}`,
	}
	before, checked := e.snapshot(t), 0
	e.each(func(method, path string, op *huma.Operation) {
		if !strings.Contains(path, "{") || op.Tags[0] == "operator" {
			return // names nothing, or is not for accounts: see TestScopes
		}
		base, rest, _ := strings.Cut(path, "}")
		id, known := ids[base+"}"]
		if !known || op.RequestBody != nil && bodies[op.OperationID] == "" {
			t.Errorf("%s: this test does not know what to call it with", op.OperationID)
			return
		}
		actual := path[:strings.Index(path, "{")] + id + rest
		for name, q := range map[string]request{
			"the other account": {Key: e.two.worker},
			"an operator for the other account": {
				Key: e.operator, Header: map[string]string{"Ringback-Account": e.two.id},
			},
		} {
			q.Method, q.Path, q.Body = method, actual, bodies[op.OperationID]
			if a := e.do(t, q); a.Status != 404 || a.text("code") != "not_found" {
				t.Errorf("%s by %s: %d %s", op.OperationID, name, a.Status, a.Body)
			}
		}
		checked++
	})
	if after := e.snapshot(t); after != before {
		t.Errorf("something was changed:\n%s\n%s", before, after)
	}
	if checked < 20 {
		t.Errorf("only %d operations were checked", checked)
	}
	for _, list := range []string{"/v1/jobs", "/v1/events", "/v1/event-types", "/v1/endpoints", "/v1/deliveries", "/v1/jobs?resource_id=doc", "/v1/deliveries?endpoint_id=" + endpoint, "/v1/events?job_id=" + job} {
		if a := e.get(t, 200, request{Method: http.MethodGet, Path: list, Key: e.two.key}); a.value("items.0") != nil {
			t.Errorf("%s shows what is another account's: %s", list, a.Body)
		}
	}
	leased := e.get(t, 200, request{Method: "POST /v1/jobs/lease", Key: e.two.worker, Body: `{"types":["t"]}`})
	if leased.value("jobs.0") != nil {
		t.Errorf("leased another account's job: %s", leased.Body)
	}
}

// TestScopes calls every operation with a key that has every scope but one that
// it needs, without a key, and those for operators with an account's key.
func TestScopes(t *testing.T) {
	t.Parallel()
	e := start(t)
	all := e.newKey(e.one.id, ringback.Scopes()...)
	e.each(func(method, path string, op *huma.Operation) {
		q := request{Method: method, Path: strings.NewReplacer("{id}", "x", "{resource_id}", "x", "{name}", "x").Replace(path)}
		needed, forOperators := scopes(op), op.Tags[0] == "operator"
		if op.Tags[0] == "health" || op.Tags[0] == "receivers" {
			if len(needed) > 0 || len(op.Security) > 0 {
				t.Errorf("%s is public, but needs %v", op.OperationID, needed)
			}
			return
		}
		if len(needed) == 0 || len(op.Security) != 1 {
			t.Errorf("%s needs no scope or no key", op.OperationID)
		}
		account := e.one.id
		if forOperators {
			account = ""
		}
		for _, missing := range needed {
			if !strings.Contains(op.Description, "`"+string(missing)+"`") {
				t.Errorf("%s does not say that it needs %s: %s", op.OperationID, missing, op.Description)
			}
			var others []ringback.Scope
			for _, s := range ringback.Scopes() {
				if s != missing {
					others = append(others, s)
				}
			}
			q.Key = e.newKey(account, others...)
			if a := e.do(t, q); a.Status != 403 || a.text("code") != "missing_scope" || !strings.Contains(a.text("detail"), string(missing)) {
				t.Errorf("%s without %s: %d %s", op.OperationID, missing, a.Status, a.Body)
			}
		}
		q.Key = "none"
		if a := e.do(t, q); a.Status != 401 {
			t.Errorf("%s without a key: %d %s", op.OperationID, a.Status, a.Body)
		}
		q.Key = all
		if a := e.do(t, q); forOperators != (a.text("code") == "operator_only") {
			t.Errorf("%s with an account's key: %d %s", op.OperationID, a.Status, a.Body)
		}
		q.Key = e.newKey(account, needed...)
		if a := e.do(t, q); a.Status == 401 || a.Status == 403 {
			t.Errorf("%s with what it needs: %d %s", op.OperationID, a.Status, a.Body)
		}
	})
}
