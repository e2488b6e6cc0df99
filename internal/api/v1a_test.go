package api_test

import (
	"strings"
	"testing"
)

func TestV1aEndpoints(t *testing.T) {
	t.Parallel()
	e := start(t)
	create := func(more string) request {
		return request{Method: "POST /v1/endpoints", Body: `{"url":"http://127.0.0.1:9/hook","event_types":["*"]` + more + `}`}
	}
	made := e.get(t, 201, create(`,"signature":"v1a"`))
	if made.text("signature") != "v1a" || made.value("secret") != nil || !strings.HasPrefix(made.text("public_key"), "whpk_") || made.text("kid") == "" {
		t.Errorf("%s", made.Body)
	}
	path := "/v1/endpoints/" + made.text("id")
	keys := request{Method: "GET /.well-known/webhook-keys.json?account=" + e.one.id, Key: "none"}
	patch := func(body string) request { return request{Method: "PATCH " + path, Body: body} }
	rotated := e.get(t, 200, request{Method: "POST " + path + "/secret/rotate"})
	if rotated.text("public_key") == made.text("public_key") || rotated.value("secret") != nil {
		t.Errorf("%s", rotated.Body)
	}
	run(t, e, nil, []scenario{
		{Name: "both are published", request: keys, Status: 200, Answer: map[string]string{"Cache-Control": "public, max-age=300"}, Want: []string{
			`{"keys":[{"kid":"` + rotated.text("kid") + `","algorithm":"ed25519","public_key":"` + rotated.text("public_key") + `"},{"kid":"` + made.text("kid") + `"`,
			`"public_key":"` + made.text("public_key") + `","expires_at":"`,
		}, Not: []string{"whsk_", "ep_"}},
		{Name: "reveal", request: request{Method: "GET " + path + "/secret"}, Status: 200, Want: []string{`"secret":null`, rotated.text("public_key")}, Not: []string{"whsk_"}},
		{Name: "show", request: request{Method: "GET " + path}, Status: 200, Want: []string{`"signature":"v1a"`, `"signed":true`}, Not: []string{"whsk_", "whpk_"}},
		{Name: "nothing changed", request: patch(`{"name":"n"}`), Status: 200, Want: []string{`"signature":"v1a"`, "previous_secret_until"}, Not: []string{"warnings"}},
		{Name: "no secret of the customer's", request: patch(`{"secret":"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}`), Status: 422, Field: "secret", Want: []string{"ed25519"}},
		{Name: "not unsigned", request: patch(`{"secret":null}`), Status: 422, Field: "secret"},
		{Name: "rotate to a secret", request: request{Method: "POST " + path + "/secret/rotate", Body: `{"secret":"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}`}, Status: 422, Field: "secret"},
		{Name: "a profile without v1a", request: patch(`{"profile":"github"}`), Status: 422, Field: "secret"},
		{Name: "a profile without v1a, said so", request: patch(`{"profile":"github","signature":"v1a"}`), Status: 422, Field: "signature"},
		{Name: "another kind", request: patch(`{"signature":"v2"}`), Status: 422, Field: "signature"},
		{Name: "null", request: patch(`{"signature":null}`), Status: 422, Field: "signature"},
		{Name: "another profile with a secret", request: patch(`{"profile":"github","signature":"v1"}`), Status: 200, Want: []string{`"signed":true`, `"warnings":["calls are signed with another secret`}, Not: []string{`"signature"`, "previous_secret"}},
		{Name: "it was generated", request: request{Method: "GET " + path + "/secret"}, Status: 200, Want: []string{`"secret":"whsec_`}},
		{Name: "no keys any more", request: keys, Status: 200, Want: []string{`{"keys":[]}`}},
		{Name: "back", request: patch(`{"profile":"standard","signature":"v1a"}`), Status: 200, Want: []string{`"signature":"v1a"`}},
		{Name: "a key again", request: keys, Status: 200, Want: []string{"whpk_"}},
		{Name: "a secret with v1a", request: create(`,"signature":"v1a","secret":"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="`), Status: 422, Field: "secret"},
		{Name: "v1a of another profile", request: create(`,"signature":"v1a","profile":"stripe"`), Status: 422, Field: "signature"},
		{Name: "a signing key as the secret", request: create(`,"secret":"whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="`), Status: 422, Field: "secret", Want: []string{"v1a"}},
		{Name: "v1 said so", request: create(`,"signature":"v1"`), Status: 201, Want: []string{`"signature":"v1"`, `"secret":"whsec_`}},
	})
}

func TestV1aCallbacks(t *testing.T) {
	t.Parallel()
	e := start(t)
	keys := request{Method: "GET /.well-known/webhook-keys.json?account=" + e.one.id, Key: "none"}
	secret := e.get(t, 200, request{Method: "GET /v1/account/secret"}).text("secret")
	run(t, e, nil, []scenario{
		{Name: "v1 at first", request: request{Method: "GET /v1/account"}, Status: 200, Want: []string{`"callback_signature":"v1"`}},
		{Name: "no keys", request: keys, Status: 200, Want: []string{`{"keys":[]}`}},
		{Name: "another kind", request: request{Method: "PATCH /v1/account", Body: `{"callback_signature":"v2"}`}, Status: 422, Field: "callback_signature"},
		{Name: "empty", request: request{Method: "PATCH /v1/account", Body: `{"callback_signature":""}`}, Status: 422, Field: "callback_signature"},
		{Name: "a signing key as the secret", request: request{Method: "PATCH /v1/account", Body: `{"secret":"whsk_x"}`}, Status: 422, Field: "secret"},
		{Name: "v1a", request: request{Method: "PATCH /v1/account", Body: `{"callback_signature":"v1a"}`}, Status: 200, Want: []string{`"callback_signature":"v1a"`}, Not: []string{"whsk_"}},
		{Name: "both", request: request{Method: "GET /v1/account/secret"}, Status: 200, Want: []string{`"secret":"` + secret + `"`, `"public_key":"whpk_`, `"kid":"`}, Not: []string{"whsk_"}},
	})
	first := e.get(t, 200, keys).text("keys.0.kid")
	rotated := e.get(t, 200, request{Method: "POST /v1/account/secret/rotate", Body: `{"signature":"v1a","overlap_seconds":60}`})
	if rotated.text("kid") == first || rotated.value("secret") != nil || rotated.text("previous_secret_until") == "" {
		t.Errorf("%s", rotated.Body)
	}
	if a := e.get(t, 200, keys); a.text("keys.0.kid") != rotated.text("kid") || a.text("keys.1.kid") != first {
		t.Errorf("%s", a.Body)
	}
	run(t, e, nil, []scenario{
		{Name: "the secret stayed", request: request{Method: "GET /v1/account/secret"}, Status: 200, Want: []string{secret}},
		{Name: "rotate to a given key", request: request{Method: "POST /v1/account/secret/rotate", Body: `{"signature":"v1a","secret":"x"}`}, Status: 422, Field: "secret"},
		{Name: "a new account", request: request{Method: "POST /v1/accounts", Key: e.operator, Body: `{"name":"n","callback_signature":"v1a"}`}, Status: 201, Want: []string{`"secret":"whsec_`, `"public_key":"whpk_`}},
		{Name: "back to v1", request: request{Method: "PATCH /v1/account", Body: `{"callback_signature":"v1"}`}, Status: 200, Want: []string{`"callback_signature":"v1"`}},
		{Name: "account missing", request: request{Method: "GET /.well-known/webhook-keys.json", Key: "none"}, Status: 422, Field: "account"},
		{Name: "no such account", request: request{Method: "GET /.well-known/webhook-keys.json?account=acc_1", Key: "none"}, Status: 404, Code: "not_found"},
		{Name: "nor this one", request: request{Method: "GET /.well-known/webhook-keys.json?account=acc_06gzw5zz0hszqbedrvtjwg6328", Key: "none"}, Status: 404, Code: "not_found"},
	})
}
