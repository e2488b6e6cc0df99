package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringback/ringback/internal/store"
)

// snapshot is all that the store has.
func (e *env) snapshot(t *testing.T) string {
	t.Helper()
	ctx, page := t.Context(), store.Page{Limit: 1000}
	var all strings.Builder
	add := func(v any, err error) {
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(append(text, '\n'))
	}
	for _, id := range []string{e.one.id, e.two.id} {
		jobs, err := e.store.ListJobs(ctx, id, store.JobFilter{}, page, 1<<30)
		add(jobs, err)
		events, err := e.store.ListEvents(ctx, id, store.EventFilter{}, page, 1<<30)
		add(events, err)
		endpoints, err := e.store.ListEndpoints(ctx, id, page)
		add(endpoints, err)
		deliveries, err := e.store.ListDeliveries(ctx, id, store.DeliveryFilter{}, page)
		add(deliveries, err)
	}
	for _, owner := range []string{"", e.one.id, e.two.id} {
		types, err := e.store.ListEventTypes(ctx, owner, store.NamePage{Limit: 1000}, 1<<30)
		add(types, err)
		profiles, err := e.store.ListProfiles(ctx, owner)
		add(profiles, err)
	}
	accounts, err := e.store.ListAccounts(ctx, page)
	add(accounts, err)
	keys, err := e.store.ListKeys(ctx, "", page)
	add(keys, err)
	return all.String()
}

// refuse runs scenarios that must change nothing.
func refuse(t *testing.T, e *env, names map[string]string, scenarios []scenario) {
	t.Helper()
	before := e.snapshot(t)
	if !strings.Contains(before, e.one.id) {
		t.Fatal("the snapshot shows nothing")
	}
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			a := e.play(t, names, s)
			if a.text("code") == "" || a.text("detail") == "" {
				t.Errorf("no problem: %s", a.Body)
			}
			after := e.snapshot(t)
			if after != before {
				t.Errorf("something was changed: %s", cmp.Diff(before, after))
			}
			before = after
		})
	}
}

func job(members string) request {
	return request{Method: "POST /v1/jobs", Body: `{"type":"t","input":{}` + members + `}`}
}

func endpoint(members string) request {
	return request{Method: "POST /v1/endpoints", Body: `{"url":"https://example.com","event_types":["*"]` + members + `}`}
}

func invalid(name string, q request, field string, want ...string) scenario {
	return scenario{Name: name, request: q, Status: 422, Code: "invalid", Field: field, Want: want}
}

func withHeader(q request, name, value string) request {
	q.Header = map[string]string{name: value}
	return q
}

func TestBadMembers(t *testing.T) {
	t.Parallel()
	e := start(t, strict)
	refuse(t, e, nil, []scenario{
		invalid("unknown member", job(`,"inptu":1`), "inptu", "there is no such member"),
		invalid("unknown member in another case", job(`,"Type":"t"`), "Type"),
		invalid("unknown member within", job(`,"events":{"done":"x"}`), "events.done"),
		invalid("type missing", request{Method: "POST /v1/jobs", Body: `{"input":1}`}, "type", "it is needed"),
		invalid("type null", request{Method: "POST /v1/jobs", Body: `{"type":null}`}, "type"),
		invalid("type a number", request{Method: "POST /v1/jobs", Body: `{"type":5}`}, "type", "expected string, not 5"),
		invalid("type empty", request{Method: "POST /v1/jobs", Body: `{"type":""}`}, "type"),
		invalid("type malformed", request{Method: "POST /v1/jobs", Body: `{"type":"a..b"}`}, "type", `a..b`),
		invalid("type too long", request{Method: "POST /v1/jobs", Body: `{"type":"` + strings.Repeat("x", 129) + `"}`}, "type"),
		invalid("several", job(`,"x":1,"callback_only":"yes","max_attempts":0`), "callback_only", `"field":"max_attempts"`, `"field":"x"`),
		invalid("more than can be listed", job(members(30)), "m00"),
		invalid("callback_only null", job(`,"callback_only":null`), "callback_only", "null"),
		invalid("include_result a string", job(`,"include_result":"true"`), "include_result"),
		invalid("timeout negative", job(`,"timeout_seconds":-1`), "timeout_seconds", "not -1"),
		invalid("timeout zero", job(`,"timeout_seconds":0`), "timeout_seconds"),
		invalid("timeout too long", job(`,"timeout_seconds":86401`), "timeout_seconds"),
		invalid("timeout a fraction", job(`,"timeout_seconds":1.5`), "timeout_seconds", "expected integer, not 1.5"),
		invalid("timeout huge", job(`,"timeout_seconds":1e400`), "timeout_seconds"),
		invalid("timeout a string", job(`,"timeout_seconds":"5"`), "timeout_seconds"),
		invalid("timeout null", job(`,"timeout_seconds":null`), "timeout_seconds"),
		invalid("max_attempts zero", job(`,"max_attempts":0`), "max_attempts"),
		invalid("max_attempts too many", job(`,"max_attempts":101`), "max_attempts"),
		invalid("run_at before 1970", job(`,"run_at":"1969-12-31T23:59:59Z"`), "run_at", "before 1970"),
		invalid("run_at of the year 1", job(`,"run_at":"0001-01-01T00:00:00Z"`), "run_at", "before 1970"),
		invalid("run_at no time", job(`,"run_at":"tomorrow"`), "run_at", "RFC 3339"),
		invalid("run_at a number", job(`,"run_at":1767366245`), "run_at"),
		invalid("metadata an array", job(`,"metadata":[]`), "metadata", "expected object"),
		invalid("metadata a string", job(`,"metadata":"x"`), "metadata"),
		invalid("resource_id empty", job(`,"resource_id":""`), "resource_id", "it is empty"),
		invalid("resource_id with a line break", job(`,"resource_id":"a\nb"`), "resource_id"),
		invalid("resource_id too long", job(`,"resource_id":"`+strings.Repeat("x", 257)+`"`), "resource_id"),
		invalid("events an array", job(`,"events":["a"]`), "events"),
		invalid("events with an empty name", job(`,"events":{"failed":""}`), "events.failed"),
		invalid("events with a malformed name", job(`,"events":{"succeeded":"a b"}`), "events.succeeded", "a b"),
		invalid("unknown profile", job(`,"callback_url":"https://example.com","profile":"acme"`), "profile", "acme", "standard"),
		invalid("unknown profile without a callback", job(`,"profile":"acme"`), "profile"),
		invalid("profile empty", job(`,"profile":""`), "profile"),
		invalid("callback_only without a callback", job(`,"callback_only":true`), "callback_only"),
		invalid("event type malformed", request{Method: "POST /v1/events", Body: `{"type":"a b"}`}, "type", "a b"),
		invalid("event data a number", request{Method: "POST /v1/events", Body: `{"type":"a","data":5}`}, "data"),
		invalid("event data an array", request{Method: "POST /v1/events", Body: `{"type":"a","data":[]}`}, "data"),
		invalid("event resource empty", request{Method: "POST /v1/events", Body: `{"type":"a","resource_id":""}`}, "resource_id"),
		invalid("account without a name", request{Method: "POST /v1/accounts", Key: e.operator, Body: `{}`}, "name"),
		invalid("account with a blank name", request{Method: "POST /v1/accounts", Key: e.operator, Body: `{"name":" "}`}, "name"),
		invalid("account with an empty secret", request{Method: "POST /v1/accounts", Key: e.operator, Body: `{"name":"a","secret":""}`}, "secret"),
		invalid("account with an unknown profile", request{Method: "POST /v1/accounts", Key: e.operator, Body: `{"name":"a","callback_profile":"acme"}`}, "callback_profile"),
		invalid("key without a name", request{Method: "POST /v1/keys", Key: e.operator, Body: `{}`}, "name"),
		invalid("key for an unknown account", request{Method: "POST /v1/keys", Key: e.operator, Body: `{"name":"k","account_id":"acc_1"}`}, "account_id"),
		invalid("key for no account", request{Method: "POST /v1/keys", Key: e.operator, Body: `{"name":"k","account_id":""}`}, "account_id"),
		invalid("key for null", request{Method: "POST /v1/keys", Key: e.operator, Body: `{"name":"k","account_id":null}`}, "account_id"),
		invalid("key with an unknown scope", request{Method: "POST /v1/keys", Key: e.operator, Body: `{"name":"k","scopes":["jobs:eat"]}`}, "scopes", "jobs:eat"),
		invalid("key without scopes", request{Method: "POST /v1/keys", Key: e.operator, Body: `{"name":"k","scopes":[]}`}, "scopes"),
		invalid("key with null scopes", request{Method: "POST /v1/keys", Key: e.operator, Body: `{"name":"k","scopes":null}`}, "scopes"),
	})
}

// members is so many unknown members.
func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%02d":1`, i)
	}
	return b.String()
}

func TestBadWork(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.job(t, "t")
	id, token := e.lease(t, "t")
	work := func(path, body string) request {
		return request{Method: "POST /v1/jobs/" + path, Key: e.one.worker, Body: body}
	}
	lease := func(members string) request { return work("lease", `{"types":["none"]`+members+`}`) }
	refuse(t, e, map[string]string{"id": id, "token": token}, []scenario{
		invalid("types missing", work("lease", `{}`), "types"),
		invalid("no type", work("lease", `{"types":[]}`), "types"),
		invalid("types a string", work("lease", `{"types":"t"}`), "types"),
		invalid("a malformed type", work("lease", `{"types":["a b"]}`), "types"),
		invalid("max zero", lease(`,"max":0`), "max"),
		invalid("max too many", lease(`,"max":101`), "max"),
		invalid("max null", lease(`,"max":null`), "max"),
		invalid("wait negative", lease(`,"wait_seconds":-1`), "wait_seconds"),
		invalid("wait too long", lease(`,"wait_seconds":61`), "wait_seconds"),
		invalid("lease zero", lease(`,"lease_seconds":0`), "lease_seconds"),
		invalid("lease too long", lease(`,"lease_seconds":3601`), "lease_seconds"),
		invalid("token missing", work("{id}/heartbeat", `{}`), "lease_token"),
		invalid("token empty", work("{id}/heartbeat", `{"lease_token":""}`), "lease_token"),
		invalid("token null", work("{id}/complete", `{"lease_token":null}`), "lease_token"),
		invalid("heartbeat too long", work("{id}/heartbeat", `{"lease_token":"{token}","lease_seconds":3601}`), "lease_seconds"),
		invalid("complete with an empty resource", work("{id}/complete", `{"lease_token":"{token}","resource_id":""}`), "resource_id"),
		invalid("complete with an unknown member", work("{id}/complete", `{"lease_token":"{token}","results":1}`), "results"),
		invalid("fail without an error", work("{id}/fail", `{"lease_token":"{token}"}`), "error"),
		invalid("fail with an empty error", work("{id}/fail", `{"lease_token":"{token}","error":""}`), "error"),
		invalid("fail with a long error", work("{id}/fail", `{"lease_token":"{token}","error":"`+strings.Repeat("x", 16<<10+1)+`"}`), "error"),
		invalid("fail with a retry of null", work("{id}/fail", `{"lease_token":"{token}","error":"x","retry":null}`), "retry"),
	})
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	e := start(t)
	var scenarios []scenario
	for query, field := range map[string]string{
		"/v1/jobs?limit=0": "limit", "/v1/jobs?limit=201": "limit", "/v1/jobs?limit=-1": "limit", "/v1/jobs?limit=ten": "limit", "/v1/jobs?limit=": "limit",
		"/v1/jobs?limit": "limit", "/v1/jobs?limit=1&limit=2": "limit", "/v1/jobs?limit=99999999999999999999": "limit", "/v1/jobs?limit=1.5": "limit",
		"/v1/jobs?cursor=x": "cursor", "/v1/jobs?cursor=MTpqb2JfMQ": "cursor", "/v1/jobs?cursor=": "cursor", "/v1/events?cursor=MTpqb2JfMDFqem42djNtOGY3cTlyMnM0dDZ3OHgwejI": "cursor",
		"/v1/jobs?status=done": "status", "/v1/jobs?status=": "status", "/v1/jobs?status=Queued": "status", "/v1/deliveries?status=succeeded": "status",
		"/v1/jobs?type=a%20b": "type", "/v1/jobs?type=": "type", "/v1/events?type=a..b": "type", "/v1/deliveries?event_type=*": "event_type",
		"/v1/jobs?since=yesterday": "since", "/v1/jobs?until=2026-01-02": "until", "/v1/jobs?since=2026-01-02T03:04:05+01:00": "since", "/v1/jobs?since=1969-01-01T00:00:00Z": "since",
		"/v1/jobs?until=0001-01-01T00:00:00Z": "until", "/v1/jobs?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z": "until", "/v1/events?since=1": "since",
		"/v1/jobs?colour=red": "colour", "/v1/jobs?Limit=5": "Limit", "/v1/events?job_id=x": "job_id", "/v1/deliveries?job_id=evt_1": "job_id",
		"/v1/deliveries?endpoint_id=x": "endpoint_id", "/v1/deliveries?event_id=x": "event_id", "/v1/jobs?resource_id=": "resource_id", "/v1/account?x=1": "x",
		"/v1/jobs/x?wait=61": "wait", "/v1/jobs/x?wait=-1": "wait", "/v1/jobs/x?wait=soon": "wait", "/healthz?x=1": "x", "/v1/jobs?%zz=1": "", "/v1/jobs?limit=1;status=x": "",
	} {
		scenarios = append(scenarios, invalid(query, request{Method: http.MethodGet, Path: query}, field))
	}
	body := job("")
	scenarios = append(scenarios,
		invalid("wait too long", request{Method: "POST /v1/jobs?wait=61", Body: body.Body}, "wait", "60"),
		invalid("unknown parameter", request{Method: "POST /v1/jobs?dry_run=1", Body: body.Body}, "dry_run", "there is no such parameter"),
		invalid("empty idempotency key", withHeader(body, "Idempotency-Key", ""), "Idempotency-Key"),
		invalid("idempotency key too long", withHeader(body, "Idempotency-Key", strings.Repeat("k", 256)), "Idempotency-Key"),
		invalid("idempotency key with a space", withHeader(body, "Idempotency-Key", "a b"), "Idempotency-Key"),
		invalid("idempotency key not ASCII", withHeader(body, "Idempotency-Key", "ü"), "Idempotency-Key"),
		invalid("idempotency key of an event", request{Method: "POST /v1/events", Body: `{"type":"e"}`, Header: map[string]string{"Idempotency-Key": "a b"}}, "Idempotency-Key"),
		invalid("an operator without an account", request{Method: "POST /v1/jobs", Key: e.operator, Body: body.Body}, "Ringback-Account"),
	)
	refuse(t, e, nil, scenarios)
}
