package api_test

import (
	"strings"
	"testing"
)

const minimal = `{"url":"http://127.0.0.1:9/hook","event_types":["*"]}`

func TestCreateEndpoint(t *testing.T) {
	t.Parallel()
	e := start(t)
	create := func(body string) request { return request{Method: "POST /v1/endpoints", Body: body} }
	run(t, e, nil, []scenario{
		{
			Name: "defaults", request: create(minimal), Status: 201,
			Want: []string{
				`"id":"ep_`, `"name":""`, `"url":"http://127.0.0.1:9/hook"`, `"event_types":["*"]`, `"profile":"standard"`, `"signed":true`, `"include_result":true`,
				`"enabled":true`, `"headers":{}`, `"retry_schedule":["5s","5m","30m","2h","5h","10h","10h"]`, `"timeout_seconds":15`, `"rate_limit_per_second":null`, `"secret":"whsec_`, "updated_at",
			},
			Not: []string{"warnings", "disabled", "failing"},
		},
		{
			Name: "everything", Status: 201,
			request: create(`{"name":"Moderation","url":"http://127.0.0.1:9/a?b=%2F","event_types":["job.*","a"],"profile":"sharpapi","secret":"0123456789abcdef",
				"include_result":true,"enabled":false,"headers":{"x-env":"prod"},"retry_schedule":["250ms","1m30s","90m","1h","0s","1.5s","168h"],"timeout_seconds":60,"rate_limit_per_second":0.001}`),
			Want: []string{
				`"name":"Moderation"`, `"url":"http://127.0.0.1:9/a?b=%2F"`, `"event_types":["job.*","a"]`, `"profile":"sharpapi"`, `"include_result":true`,
				`"enabled":false`, `"disabled_reason":"disabled by its owner"`, "disabled_at", `"headers":{"X-Env":"prod"}`,
				`"retry_schedule":["250ms","1m30s","1h30m","1h","0s","1.5s","168h"]`, `"timeout_seconds":60`, `"rate_limit_per_second":0.001`, `"secret":"0123456789abcdef"`,
			},
			Not: []string{"warnings"},
		},
		{
			Name: "unsigned, without retries", request: create(`{"url":"http://127.0.0.1:9","event_types":["*"],"profile":"unitary","secret":null,"retry_schedule":[]}`), Status: 201,
			Want: []string{`"signed":false`, `"secret":null`, `"retry_schedule":[]`},
		},
		{
			Name: "a weak secret", request: create(`{"url":"http://127.0.0.1:9","event_types":["*"],"profile":"unitary","secret":"test_key!"}`), Status: 201,
			Want: []string{`"secret":"test_key!"`, `"warnings":["the secret is short`},
		},
		{
			Name: "the schedule and result of a profile", request: create(`{"url":"http://127.0.0.1:9","event_types":["*"],"profile":"sharpapi","retry_schedule":null}`), Status: 201,
			Want: []string{`"retry_schedule":["5s","5m","30m"]`, `"include_result":false`},
		},
	})
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	e := start(t)
	made := e.get(t, 201, request{Method: "POST /v1/endpoints", Body: minimal})
	id, secret := made.text("id"), made.text("secret")
	reader := e.newKey(e.one.id, "endpoints:read")
	shown := strings.TrimSuffix(strings.Split(string(made.Body), `,"secret"`)[0], "\n")
	run(t, e, map[string]string{"id": id}, []scenario{
		{Name: "get", request: request{Method: "GET /v1/endpoints/{id}"}, Status: 200, Want: []string{shown}, Not: []string{secret, `"secret"`}},
		{Name: "list", request: request{Method: "GET /v1/endpoints"}, Status: 200, Want: []string{`{"items":[` + shown}, Not: []string{secret, `"secret"`}},
		{Name: "secret", request: request{Method: "GET /v1/endpoints/{id}/secret"}, Status: 200, Want: []string{`{"secret":"` + secret + `"}`}},
		{Name: "secret without the scope", request: request{Method: "GET /v1/endpoints/{id}/secret", Key: reader}, Status: 403, Code: "missing_scope", Want: []string{"secrets:read"}},
		{Name: "malformed id", request: request{Method: "GET /v1/endpoints/ep_1"}, Status: 404},
		{Name: "delete", request: request{Method: "DELETE /v1/endpoints/{id}"}, Status: 204},
		{Name: "delete again", request: request{Method: "DELETE /v1/endpoints/{id}"}, Status: 404, Code: "not_found"},
		{Name: "get what was deleted", request: request{Method: "GET /v1/endpoints/{id}"}, Status: 404, Code: "not_found"},
		{Name: "secret of what was deleted", request: request{Method: "GET /v1/endpoints/{id}/secret"}, Status: 404, Code: "not_found"},
		{Name: "change what was deleted", request: request{Method: "PATCH /v1/endpoints/{id}", Body: `{}`}, Status: 404, Code: "not_found"},
	})
}

// TestUpdateEndpoint goes through what a member of a change can be: absent,
// null, or a value.
func TestUpdateEndpoint(t *testing.T) {
	t.Parallel()
	e := start(t)
	made := e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"name":"n","url":"http://127.0.0.1:9/hook","event_types":["a"],"profile":"inkit",
		"secret":"first secret of it","headers":{"X-A":"1"},"retry_schedule":["7s"],"timeout_seconds":7}`})
	seen.secret("first secret of it")
	seen.secret("second secret of it")
	patch := func(body string) request {
		return request{Method: "PATCH /v1/endpoints/" + made.text("id"), Body: body}
	}
	null := func(member string) scenario {
		return scenario{Name: member + " null", request: patch(`{"` + member + `":null}`), Status: 422, Code: "invalid", Field: member}
	}
	secret := request{Method: "GET /v1/endpoints/" + made.text("id") + "/secret"}
	run(t, e, nil, []scenario{
		{Name: "nothing", request: patch(`{}`), Status: 200, Want: []string{
			`"name":"n"`, `"url":"http://127.0.0.1:9/hook"`, `"event_types":["a"]`, `"profile":"inkit"`, `"signed":true`, `"include_result":true`,
			`"enabled":true`, `"headers":{"X-A":"1"}`, `"retry_schedule":["7s"]`, `"timeout_seconds":7`,
		}, Not: []string{`"secret"`, "warnings"}},
		null("name"), null("url"), null("event_types"), null("profile"), null("include_result"), null("enabled"), null("headers"), null("timeout_seconds"),
		{Name: "values", request: patch(`{"name":"","url":"http://127.0.0.1:9/other","event_types":["b","c.*"],"profile":"sharpapi","secret":"second secret of it","include_result":false,
			"headers":{"X-B":"2"},"retry_schedule":["1m"],"timeout_seconds":1}`), Status: 200, Want: []string{
			`"name":""`, `/other"`, `"event_types":["b","c.*"]`, `"profile":"sharpapi"`, `"include_result":false`, `"headers":{"X-B":"2"}`, `"retry_schedule":["1m"]`, `"timeout_seconds":1`,
		}, Not: []string{`"secret"`, "X-A"}},
		{Name: "a rate limit", request: patch(`{"rate_limit_per_second":10000}`), Status: 200, Want: []string{`"rate_limit_per_second":10000`}},
		{Name: "the same rate limit", request: patch(`{}`), Status: 200, Want: []string{`"rate_limit_per_second":10000`}},
		{Name: "no rate limit", request: patch(`{"rate_limit_per_second":null}`), Status: 200, Want: []string{`"rate_limit_per_second":null`}},
		{Name: "the new secret", request: secret, Status: 200, Want: []string{`{"secret":"second secret of it"}`}},
		{Name: "no headers", request: patch(`{"headers":{}}`), Status: 200, Want: []string{`"headers":{}`}},
		{Name: "no retries", request: patch(`{"retry_schedule":[]}`), Status: 200, Want: []string{`"retry_schedule":[]`}},
		{Name: "the profile's schedule", request: patch(`{"retry_schedule":null}`), Status: 200, Want: []string{`"retry_schedule":["5s","5m","30m"]`}},
		{Name: "a weak secret", request: patch(`{"secret":"weak-one"}`), Status: 200, Want: []string{`"warnings":["`}, Not: []string{"weak-one"}},
		{Name: "a warning as long as it is weak", request: patch(`{}`), Status: 200, Want: []string{`"warnings":["`}},
		{Name: "get does not warn", request: request{Method: "GET /v1/endpoints/" + made.text("id")}, Status: 200, Not: []string{"warnings"}},
		{Name: "a profile that this secret does not serve", request: patch(`{"profile":"standard"}`), Status: 422, Field: "secret"},
		{Name: "unsigned", request: patch(`{"secret":null}`), Status: 200, Want: []string{`"signed":false`}, Not: []string{"warnings"}},
		{Name: "no secret", request: secret, Status: 200, Want: []string{`{"secret":null}`}},
		{Name: "an empty secret", request: patch(`{"secret":""}`), Status: 422, Field: "secret"},
		{Name: "a profile that always signs", request: patch(`{"profile":"standard"}`), Status: 422, Field: "secret"},
		{Name: "disable", request: patch(`{"enabled":false}`), Status: 200, Want: []string{`"enabled":false`, `"disabled_reason":"disabled by its owner"`}},
		{Name: "enable", request: patch(`{"enabled":true}`), Status: 200, Want: []string{`"enabled":true`}, Not: []string{"disabled"}},
	})
}
