package api_test

import "testing"

func TestAccounts(t *testing.T) {
	t.Parallel()
	e := start(t)
	op := func(method, body string) request { return request{Method: method, Key: e.operator, Body: body} }
	made := e.play(t, nil, scenario{
		request: op("POST /v1/accounts", `{"name":"ACME"}`), Status: 201,
		Want: []string{`"id":"acc_`, `"name":"ACME"`, `"callback_profile":"standard"`, `"signed":true`, `"secret":"whsec_`, "created_at", "updated_at"},
		Not:  []string{"warnings"},
	})
	names := map[string]string{"id": made.text("id")}
	seen.secret("an account's own secret")
	run(t, e, names, []scenario{
		{Name: "chosen", request: op("POST /v1/accounts", `{"name":"U","callback_profile":"unitary","secret":"tiny_secret"}`), Status: 201, Want: []string{`"callback_profile":"unitary"`, `"secret":"tiny_secret"`, `"warnings":["`}},
		{Name: "unsigned", request: op("POST /v1/accounts", `{"name":"U","secret":null,"callback_profile":null}`), Status: 201, Want: []string{`"signed":false`, `"secret":null`}},
		{Name: "get", request: op("GET /v1/accounts/{id}", ""), Status: 200, Want: []string{`"name":"ACME"`}, Not: []string{`"secret"`}},
		{Name: "list", request: op("GET /v1/accounts", ""), Status: 200, Want: []string{made.text("id"), e.one.id, e.two.id}, Not: []string{`"secret"`}},
		{Name: "change nothing", request: op("PATCH /v1/accounts/{id}", `{}`), Status: 200, Want: []string{`"name":"ACME"`, `"signed":true`}, Not: []string{`"secret"`}},
		{Name: "a secret that cannot sign", request: op("PATCH /v1/accounts/{id}", `{"callback_profile":"standard","secret":"a long but other secret"}`), Status: 200, Want: []string{`"warnings":["callbacks in the profile standard`}, Not: []string{"other secret"}},
		{Name: "no secret to sign with", request: op("PATCH /v1/accounts/{id}", `{"secret":null}`), Status: 200, Want: []string{`"warnings":["callbacks in the profile standard`, `"signed":false`}},
		{Name: "change all", request: op("PATCH /v1/accounts/{id}", `{"name":"New","callback_profile":"inkit","secret":"an account's own secret"}`), Status: 200, Want: []string{`"name":"New"`, `"callback_profile":"inkit"`}, Not: []string{`"secret"`, "warnings"}},
		{Name: "unsigned from now on", request: op("PATCH /v1/accounts/{id}", `{"secret":null}`), Status: 200, Want: []string{`"signed":false`}},
		{Name: "malformed id", request: op("GET /v1/accounts/acc_1", ""), Status: 404, Code: "not_found"},
		{Name: "unknown id", request: op("PATCH /v1/accounts/acc_00000000000000000000000000", `{}`), Status: 404, Code: "not_found"},
	})
}

func TestOwnAccount(t *testing.T) {
	t.Parallel()
	e := start(t)
	forOne := map[string]string{"Ringback-Account": e.one.id}
	run(t, e, nil, []scenario{
		{Name: "get", request: request{Method: "GET /v1/account"}, Status: 200, Want: []string{`"id":"` + e.one.id + `"`}, Not: []string{`"secret"`}},
		{Name: "change", request: request{Method: "PATCH /v1/account", Body: `{"callback_profile":"unitary","secret":"test-key"}`}, Status: 200, Want: []string{`"callback_profile":"unitary"`, `"warnings":["`}, Not: []string{`"secret"`}},
		{Name: "secret", request: request{Method: "GET /v1/account/secret"}, Status: 200, Want: []string{`{"secret":"test-key"}`}},
		{Name: "a callback that it cannot sign", request: request{Method: "POST /v1/jobs", Body: `{"type":"t","callback_url":"http://127.0.0.1:9","profile":"standard"}`}, Status: 422, Field: "profile", Want: []string{"PATCH /v1/account"}, Not: []string{"test-key"}},
		{Name: "naming itself", request: request{Method: "GET /v1/account", Header: forOne}, Status: 200},
		{Name: "naming another", request: request{Method: "GET /v1/account", Header: map[string]string{"Ringback-Account": e.two.id}}, Status: 404, Code: "not_found"},
		{Name: "an operator", request: request{Method: "GET /v1/account", Key: e.operator, Header: forOne}, Status: 200, Want: []string{`"id":"` + e.one.id + `"`}},
		{Name: "an operator changes it", request: request{Method: "PATCH /v1/account", Key: e.operator, Header: forOne, Body: `{"secret":null}`}, Status: 200, Want: []string{`"signed":false`}},
		{Name: "an operator sees its secret", request: request{Method: "GET /v1/account/secret", Key: e.operator, Header: forOne}, Status: 200, Want: []string{`{"secret":null}`}},
		{Name: "an operator without a name", request: request{Method: "GET /v1/account", Key: e.operator}, Status: 422, Code: "invalid", Field: "Ringback-Account"},
		{Name: "an operator with an empty name", request: request{Method: "GET /v1/account", Key: e.operator, Header: map[string]string{"Ringback-Account": ""}}, Status: 422, Field: "Ringback-Account"},
		{Name: "an operator with a malformed name", request: request{Method: "GET /v1/account", Key: e.operator, Header: map[string]string{"Ringback-Account": "x"}}, Status: 404, Code: "not_found"},
		{Name: "an operator with an unknown name", request: request{Method: "GET /v1/jobs", Key: e.operator, Header: map[string]string{"Ringback-Account": "acc_00000000000000000000000000"}}, Status: 404, Code: "not_found"},
		{Name: "name null", request: request{Method: "PATCH /v1/account", Body: `{"name":null}`}, Status: 422, Field: "name"},
		{Name: "callback_profile null", request: request{Method: "PATCH /v1/account", Body: `{"callback_profile":null}`}, Status: 422, Field: "callback_profile"},
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	e := start(t)
	op := func(method, body string) request { return request{Method: method, Key: e.operator, Body: body} }
	named := func(q request, account string) request {
		q.Header = map[string]string{"Ringback-Account": account}
		return q
	}
	made := e.play(t, nil, scenario{
		request: op("POST /v1/keys", `{"account_id":"`+e.one.id+`","name":"ci","scopes":["jobs:read","jobs:read","events:read"]}`), Status: 201,
		Want: []string{`"id":"key_`, `"account_id":"` + e.one.id + `"`, `"name":"ci"`, `"scopes":["jobs:read","events:read"]`, `"key":"rb_`, "created_at"},
	})
	text, id := made.text("key"), made.text("id")
	run(t, e, map[string]string{"id": id}, []scenario{
		{Name: "it works", request: request{Method: "GET /v1/jobs", Key: text}, Status: 200},
		{Name: "within its scopes", request: request{Method: "GET /v1/deliveries", Key: text}, Status: 403, Code: "missing_scope", Want: []string{"deliveries:read"}},
		{Name: "default scopes of an account", request: named(op("POST /v1/keys", `{"name":"k"}`), e.two.id), Status: 201, Want: []string{`"account_id":"` + e.two.id, "secrets:read"}, Not: []string{"jobs:work"}},
		{Name: "an operator's", request: op("POST /v1/keys", `{"name":"k"}`), Status: 201, Want: []string{"jobs:work"}, Not: []string{"account_id"}},
		{Name: "both the same", request: named(op("POST /v1/keys", `{"name":"k","account_id":"`+e.one.id+`"}`), e.one.id), Status: 201, Want: []string{e.one.id}},
		{Name: "both different", request: named(op("POST /v1/keys", `{"name":"k","account_id":"`+e.one.id+`"}`), e.two.id), Status: 422, Field: "account_id"},
		{Name: "get", request: op("GET /v1/keys/{id}", ""), Status: 200, Want: []string{`"name":"ci"`}, Not: []string{text, `"key"`}},
		{Name: "list all", request: op("GET /v1/keys", ""), Status: 200, Want: []string{id, e.one.id, e.two.id}, Not: []string{text}},
		{Name: "list those of an account", request: op("GET /v1/keys?account_id="+e.one.id, ""), Status: 200, Want: []string{id}, Not: []string{e.two.id}},
		{Name: "list those of the account in the header", request: named(op("GET /v1/keys", ""), e.two.id), Status: 200, Want: []string{e.two.id}, Not: []string{e.one.id}},
		{Name: "list with both", request: named(op("GET /v1/keys?account_id="+e.one.id, ""), e.two.id), Status: 422, Field: "account_id"},
		{Name: "list those of nothing", request: op("GET /v1/keys?account_id=x", ""), Status: 422, Field: "account_id"},
		{Name: "get for another account", request: named(op("GET /v1/keys/{id}", ""), e.two.id), Status: 404, Code: "not_found"},
		{Name: "delete for another account", request: named(op("DELETE /v1/keys/{id}", ""), e.two.id), Status: 404, Code: "not_found"},
		{Name: "delete", request: op("DELETE /v1/keys/{id}", ""), Status: 204},
		{Name: "it works no more", request: request{Method: "GET /v1/jobs", Key: text}, Status: 401, Code: "unauthorized"},
		{Name: "delete again", request: op("DELETE /v1/keys/{id}", ""), Status: 404, Code: "not_found"},
		{Name: "get what was deleted", request: op("GET /v1/keys/{id}", ""), Status: 404, Code: "not_found"},
		{Name: "malformed id", request: op("DELETE /v1/keys/key_1", ""), Status: 404, Code: "not_found"},
		{Name: "not for accounts", request: request{Method: "POST /v1/keys", Body: `{"name":"k"}`}, Status: 403, Code: "operator_only"},
	})
}
