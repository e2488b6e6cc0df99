package api_test

import (
	"strings"
	"testing"
)

// profile makes a custom one with a header of its name.
func profile(name, more string) request {
	return request{Method: "POST /v1/profiles", Body: `{"name":"` + name + `","shape":"raw","header":"X-` + name + `"` + more + `}`}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	e := start(t)
	patch := func(body string) request { return request{Method: "PATCH /v1/profiles/acme", Body: body} }
	run(t, e, nil, []scenario{
		{
			Name: "the least", request: profile("least", ""), Status: 201,
			Want: []string{
				`{"name":"least","owner":"account","shape":"raw","header":"X-least","algorithm":"hmac-sha256","encoding":"hex","prefix":"","content":"body",` +
					`"include_result":true,"retry_schedule":["5s","5m","30m","2h","5h","10h","10h"],"created_at":"`, `"updated_at":"`, `"secret":"sample-secret-of-an-example"`,
			},
			Not: []string{"user_agent", "public_key"},
		},
		{
			Name: "everything", Status: 201,
			request: profile("acme", `,"algorithm":"hmac-sha512","encoding":"base64","prefix":"sha512=","content":"timestamp.body","include_result":false,"retry_schedule":["1m30s"],"user_agent":"Acme Hooks/2"`),
			Want: []string{
				`"algorithm":"hmac-sha512","encoding":"base64","prefix":"sha512=","content":"timestamp.body","include_result":false,"retry_schedule":["1m30s"],"user_agent":"Acme Hooks/2"`,
				`"User-Agent":"Acme Hooks/2"`, `"X-acme":"sha512=`, `"webhook-timestamp":"1767366245"`,
			},
		},
		{Name: "nulls and empty ones", request: profile("nulls", `,"prefix":"","retry_schedule":null,"user_agent":""`), Status: 201, Want: []string{`"retry_schedule":["5s",`}, Not: []string{"user_agent"}},
		{Name: "no retry", request: profile("once", `,"retry_schedule":[]`), Status: 201, Want: []string{`"retry_schedule":[]`}},
		{Name: "webhook-signature", request: request{Method: "POST /v1/profiles", Body: `{"name":"w","shape":"standard","header":"webhook-signature"}`}, Status: 201, Want: []string{`"webhook-signature":"`}},
		{Name: "get", request: request{Method: "GET /v1/profiles/acme"}, Status: 200, Want: []string{`"prefix":"sha512="`, `"example":{"headers":{`}},
		{Name: "get a built-in one", request: request{Method: "GET /v1/profiles/stripe"}, Status: 200, Want: []string{`"owner":"built-in"`, `"header":"Stripe-Signature"`}, Not: []string{`,"created_at"`, `,"updated_at"`}},
		{Name: "get none", request: request{Method: "GET /v1/profiles/none"}, Status: 404, Code: "not_found"},
		{Name: "get what is no name", request: request{Method: "GET /v1/profiles/A%20b"}, Status: 404, Code: "not_found"},
		{Name: "change nothing", request: patch(`{}`), Status: 200, Want: []string{`"prefix":"sha512="`, `"retry_schedule":["1m30s"]`, `"include_result":false`}},
		{
			Name: "change everything", Status: 200,
			request: patch(`{"shape":"inkit","header":"X-New","algorithm":"hmac-sha1","encoding":"hex","prefix":"","content":"id.timestamp.body","include_result":true,"retry_schedule":["1s"],"user_agent":""}`),
			Want: []string{
				`"name":"acme","owner":"account","shape":"inkit","header":"X-New","algorithm":"hmac-sha1","encoding":"hex","prefix":"","content":"id.timestamp.body","include_result":true,"retry_schedule":["1s"],"created_at"`,
				`"body":"{\"event_type\":\"job.succeeded\",`,
			},
			Not: []string{"User-Agent"},
		},
		{Name: "the default schedule", request: patch(`{"retry_schedule":null}`), Status: 200, Want: []string{`"retry_schedule":["5s","5m",`}},
		{Name: "to ed25519", request: patch(`{"algorithm":"ed25519"}`), Status: 200, Want: []string{`"public_key":"whpk_`}, Not: []string{`"secret"`, "whsk_"}},
		{Name: "and back", request: patch(`{"algorithm":"hmac-sha512"}`), Status: 200, Want: []string{`"secret":"sample`}},
		{Name: "delete", request: request{Method: "DELETE /v1/profiles/acme"}, Status: 204},
		{Name: "delete again", request: request{Method: "DELETE /v1/profiles/acme"}, Status: 404, Code: "not_found"},
		{Name: "get what was deleted", request: request{Method: "GET /v1/profiles/acme"}, Status: 404, Code: "not_found"},
		{Name: "change what was deleted", request: patch(`{}`), Status: 404, Code: "not_found"},
		{Name: "an endpoint in it", request: endpoint(`,"profile":"acme"`), Status: 422, Field: "profile", Want: []string{"stripe", "/v1/profiles"}},
	})
}

// TestProfileOwners goes through who sees, and may change, whose profile.
func TestProfileOwners(t *testing.T) {
	t.Parallel()
	e := start(t)
	get := request{Method: "GET /v1/profiles/shared"}
	named := func(q request, account string) request {
		q.Key = e.operator
		return withHeader(q, "Ringback-Account", account)
	}
	run(t, e, nil, []scenario{
		{Name: "the operator's", request: by(e.operator, profile("shared", `,"prefix":"op="`)), Status: 201, Want: []string{`"owner":"operator"`}},
		{Name: "the operator sees it", request: by(e.operator, get), Status: 200, Want: []string{`"owner":"operator"`}},
		{Name: "so does an account", request: get, Status: 200, Want: []string{`"owner":"operator"`, `"prefix":"op="`}},
		{Name: "and another", request: by(e.two.key, get), Status: 200, Want: []string{`"owner":"operator"`}},
		{Name: "it cannot change it", request: request{Method: "PATCH /v1/profiles/shared", Body: `{"prefix":"x"}`}, Status: 403, Code: "operator_only", Want: []string{"same name"}},
		{Name: "nor delete it", request: request{Method: "DELETE /v1/profiles/shared"}, Status: 403, Code: "operator_only"},
		{Name: "its own of the same name", request: profile("shared", `,"prefix":"mine="`), Status: 201, Want: []string{`"owner":"account"`}},
		{Name: "comes first", request: get, Status: 200, Want: []string{`"prefix":"mine="`}},
		{Name: "for that account", request: by(e.two.key, get), Status: 200, Want: []string{`"prefix":"op="`}},
		{Name: "is listed once", request: request{Method: "GET /v1/profiles"}, Status: 200, Want: []string{`"prefix":"mine="`}, Not: []string{`"prefix":"op="`}},
		{Name: "the operator may look at it", request: named(get, e.one.id), Status: 200, Want: []string{`"prefix":"mine="`}},
		{Name: "and change it", request: named(request{Method: "PATCH /v1/profiles/shared", Body: `{"prefix":"theirs="}`}, e.one.id), Status: 200, Want: []string{`"owner":"account"`}},
		{Name: "which it sees", request: get, Status: 200, Want: []string{`"prefix":"theirs="`}},
		{Name: "the same name", request: profile("shared", ""), Status: 409, Code: "already_exists", Field: "name", Want: []string{"PATCH /v1/profiles/shared"}},
		{Name: "the operator's same name", request: by(e.operator, profile("shared", "")), Status: 409, Code: "already_exists"},
		{Name: "the operator changes its own", request: by(e.operator, request{Method: "PATCH /v1/profiles/shared", Body: `{"prefix":"new="}`}), Status: 200},
		{Name: "for all others", request: by(e.two.key, get), Status: 200, Want: []string{`"prefix":"new="`}},
		{Name: "delete one's own", request: request{Method: "DELETE /v1/profiles/shared"}, Status: 204},
		{Name: "and see the operator's", request: get, Status: 200, Want: []string{`"owner":"operator"`, `"prefix":"new="`}},
		{Name: "another account's", request: by(e.two.key, profile("theirs", "")), Status: 201},
		{Name: "is not there", request: request{Method: "GET /v1/profiles/theirs"}, Status: 404},
		{Name: "nor in the list", request: request{Method: "GET /v1/profiles"}, Status: 200, Want: []string{"shared"}, Not: []string{"theirs"}},
		{Name: "nor for endpoints", request: endpoint(`,"profile":"theirs"`), Status: 422, Field: "profile"},
		{Name: "nor for jobs", request: job(`,"profile":"theirs"`), Status: 422, Field: "profile"},
		{Name: "nor for callbacks", request: request{Method: "PATCH /v1/account", Body: `{"callback_profile":"theirs"}`}, Status: 422, Field: "callback_profile"},
		{Name: "nor for the operator", request: by(e.operator, request{Method: "GET /v1/profiles/theirs"}), Status: 404},
		{Name: "the operator deletes", request: by(e.operator, request{Method: "DELETE /v1/profiles/shared"}), Status: 204},
		{Name: "for all", request: get, Status: 404},
		{Name: "the operator's, which is not there", request: by(e.operator, request{Method: "DELETE /v1/profiles/shared"}), Status: 404, Want: []string{"every account"}},
		{Name: "a new account's callbacks", request: request{Method: "POST /v1/accounts", Key: e.operator, Body: `{"name":"n","callback_profile":"theirs"}`}, Status: 422, Field: "callback_profile"},
		{Name: "a key without the scope", request: by(e.newKey(e.one.id, "endpoints:read"), profile("x", "")), Status: 403, Code: "missing_scope"},
	})
}

// TestProfileInUse keeps profiles that somebody has.
func TestProfileInUse(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, name := range []string{"a", "b", "c"} {
		e.get(t, 201, profile(name, ""))
	}
	e.get(t, 201, by(e.operator, profile("shared", "")))
	e.get(t, 201, by(e.operator, profile("news", "")))
	id := e.get(t, 201, endpoint(`,"profile":"a"`)).text("id")
	two := e.get(t, 201, by(e.two.key, endpoint(`,"profile":"shared"`))).text("id")
	e.get(t, 200, request{Method: "PATCH /v1/account", Body: `{"callback_profile":"b"}`})
	e.get(t, 201, request{Method: "POST /v1/accounts", Key: e.operator, Body: `{"name":"n","callback_profile":"news"}`})
	gone := func(name string) request { return request{Method: "DELETE /v1/profiles/" + name} }
	ed25519 := func(name string) request {
		return request{Method: "PATCH /v1/profiles/" + name, Body: `{"algorithm":"ed25519"}`}
	}
	refused := func(name string, q request, want ...string) scenario {
		return scenario{Name: name, request: q, Status: 409, Code: "profile_in_use", Want: want}
	}
	refuse(t, e, nil, []scenario{
		refused("by an endpoint", gone("a"), "the endpoint "+id+" has the profile a"),
		refused("by the account", gone("b"), e.one.id),
		refused("by an endpoint of any account", by(e.operator, gone("shared")), two, e.two.id),
		refused("by any account", by(e.operator, gone("news")), "callbacks"),
		refused("keys of an endpoint", ed25519("a"), id),
		refused("keys of an account", ed25519("b"), e.one.id),
		refused("keys of any account", by(e.operator, ed25519("shared")), two),
		refused("keys, by one's own of the same name", by(e.two.key, profile("shared", `,"algorithm":"ed25519"`)), two),
	})
	run(t, e, nil, []scenario{
		{Name: "of no use", request: gone("c"), Status: 204},
		{Name: "another HMAC", request: request{Method: "PATCH /v1/profiles/a", Body: `{"algorithm":"hmac-sha1"}`}, Status: 200},
		{Name: "one's own of the same name", request: by(e.two.key, profile("shared", "")), Status: 201},
		{Name: "the operator's is not used now", request: by(e.operator, gone("shared")), Status: 204},
		{Name: "one's own is", request: by(e.two.key, gone("shared")), Status: 409, Code: "profile_in_use", Want: []string{two}},
		{Name: "another profile", request: request{Method: "PATCH /v1/endpoints/" + id, Body: `{"profile":"inkit"}`}, Status: 200},
		{Name: "of no use any more", request: gone("a"), Status: 204},
		{Name: "another callback profile", request: request{Method: "PATCH /v1/account", Body: `{"callback_profile":"standard"}`}, Status: 200},
		{Name: "keys of nobody", request: ed25519("b"), Status: 200},
		{Name: "delete them", request: gone("b"), Status: 204},
		{Name: "no endpoint any more", request: by(e.two.key, request{Method: "DELETE /v1/endpoints/" + two}), Status: 204},
		{Name: "nobody is left", request: by(e.two.key, gone("shared")), Status: 204},
	})
}

// TestProfilesOfEndpoints goes through what an endpoint takes from its profile.
func TestProfilesOfEndpoints(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.get(t, 201, profile("acme", `,"retry_schedule":["7s"],"include_result":false`))
	e.get(t, 201, profile("keys", `,"algorithm":"ed25519"`))
	made := e.get(t, 201, endpoint(`,"profile":"acme","headers":{"X-Other":"1"}`))
	path := "/v1/endpoints/" + made.text("id")
	patch := func(body string) request { return request{Method: "PATCH " + path, Body: body} }
	run(t, e, nil, []scenario{
		{Name: "schedule and result", request: request{Method: "GET " + path}, Status: 200, Want: []string{`"retry_schedule":["7s"]`, `"include_result":false`, `"signed":true`}, Not: []string{`"signature"`}},
		{Name: "the list", request: request{Method: "GET /v1/endpoints"}, Status: 200, Want: []string{`"retry_schedule":["7s"]`}},
		{Name: "any text as the secret", request: endpoint(`,"profile":"acme","secret":"any text will do"`), Status: 201, Want: []string{`"secret":"any text will do"`}},
		{Name: "unsigned", request: endpoint(`,"profile":"acme","secret":null`), Status: 201, Want: []string{`"signed":false`}},
		{Name: "v1a", request: endpoint(`,"profile":"acme","signature":"v1a"`), Status: 422, Field: "signature"},
		{Name: "its header", request: endpoint(`,"profile":"acme","headers":{"x-acme":"1"}`), Status: 422, Field: "headers.X-Acme", Want: []string{"is set by the profile acme"}},
		{Name: "its header, in a change", request: patch(`{"headers":{"X-ACME":"1"}}`), Status: 422, Field: "headers.X-Acme"},
		{Name: "another profile's", request: patch(`{"headers":{"X-Keys":"1","X-Late":"1"}}`), Status: 200, Want: []string{`"X-Keys":"1"`}},
		{Name: "whose it becomes", request: patch(`{"profile":"keys","secret":"x"}`), Status: 422, Field: "secret"},
		{Name: "and has the header", request: patch(`{"profile":"keys"}`), Status: 422, Field: "headers.X-Keys"},
		{Name: "a profile that gets a header", request: request{Method: "PATCH /v1/profiles/acme", Body: `{"header":"X-Late","retry_schedule":["8s"]}`}, Status: 200},
		{Name: "does not refuse other changes", request: patch(`{"enabled":false}`), Status: 200, Want: []string{`"enabled":false`, `"retry_schedule":["8s"]`}},
		{Name: "nor a rotation", request: request{Method: "POST " + path + "/secret/rotate"}, Status: 200},
	})
	keyed := e.get(t, 201, endpoint(`,"profile":"keys"`))
	if keyed.value("secret") != nil || !strings.HasPrefix(keyed.text("public_key"), "whpk_") || keyed.text("kid") == "" || keyed.text("signature") != "" {
		t.Errorf("%s", keyed.Body)
	}
	path = "/v1/endpoints/" + keyed.text("id")
	run(t, e, nil, []scenario{
		{Name: "published", request: request{Method: "GET /.well-known/webhook-keys.json?account=" + e.one.id, Key: "none"}, Status: 200, Want: []string{keyed.text("public_key")}},
		{Name: "never shown", request: request{Method: "GET " + path + "/secret"}, Status: 200, Want: []string{`"secret":null`, keyed.text("public_key")}, Not: []string{"whsk_"}},
		{Name: "a secret", request: endpoint(`,"profile":"keys","secret":"0123456789abcdef"`), Status: 422, Field: "secret"},
		{Name: "none", request: endpoint(`,"profile":"keys","secret":null`), Status: 422, Field: "secret"},
		{Name: "v1", request: endpoint(`,"profile":"keys","signature":"v1"`), Status: 422, Field: "signature"},
		{Name: "v1a, which it is", request: endpoint(`,"profile":"keys","signature":"v1a"`), Status: 201},
		{Name: "rotate", request: request{Method: "POST " + path + "/secret/rotate"}, Status: 200, Want: []string{`"secret":null`, "whpk_"}, Not: []string{keyed.text("public_key")}},
		{Name: "a callback without a key", request: job(`,"callback_url":"http://127.0.0.1:9","profile":"keys"`), Status: 422, Field: "profile", Want: []string{"/v1/account/secret/rotate"}},
		{Name: "make one", request: request{Method: "POST /v1/account/secret/rotate", Body: `{"signature":"v1a"}`}, Status: 200, Want: []string{"whpk_"}},
		{Name: "a callback with a key", request: job(`,"callback_url":"http://127.0.0.1:9","profile":"keys"`), Status: 202},
	})
	run(t, e, nil, []scenario{
		{Name: "a new account's", request: request{Method: "POST /v1/profiles", Key: e.operator, Body: `{"name":"all","shape":"raw","header":"X-All","algorithm":"ed25519"}`}, Status: 201},
		{
			Name: "gets a key", request: request{Method: "POST /v1/accounts", Key: e.operator, Body: `{"name":"n","callback_profile":"all"}`}, Status: 201,
			Want: []string{`"public_key":"whpk_`, `"callback_profile":"all"`, `"callback_signature":"v1"`}, Not: []string{"warnings"},
		},
		{Name: "so does one that changes", request: by(e.two.key, request{Method: "PATCH /v1/account", Body: `{"callback_profile":"all"}`}), Status: 200, Not: []string{"warnings"}},
		{Name: "and sees it", request: by(e.two.key, request{Method: "GET /v1/account/secret"}), Status: 200, Want: []string{`"public_key":"whpk_`}},
	})
}
