package api_test

import (
	"strings"
	"testing"
)

func TestRotateEndpointSecret(t *testing.T) {
	t.Parallel()
	e := start(t)
	made := e.get(t, 201, request{Method: "POST /v1/endpoints", Body: minimal})
	id, first := made.text("id"), made.text("secret")
	rotate := func(body string) request {
		return request{Method: "POST /v1/endpoints/" + id + "/secret/rotate", Body: body}
	}
	writer := e.newKey(e.one.id, "endpoints:write")
	generated := rotate("")
	generated.Key = writer
	a := e.get(t, 200, generated) // no body at all
	second := a.text("secret")
	if second == first || !strings.HasPrefix(second, "whsec_") || a.text("previous_secret_until") == "" {
		t.Errorf("rotated to %s", a.Body)
	}
	const third = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	seen.secret(third)
	show := request{Method: "GET /v1/endpoints/" + id}
	reveal := request{Method: "GET /v1/endpoints/" + id + "/secret"}
	run(t, e, nil, []scenario{
		{Name: "the endpoint tells", request: show, Status: 200, Want: []string{`"previous_secret_until":"`}},
		{Name: "reveal", request: reveal, Status: 200, Want: []string{second, `"previous_secret_until":"`}},
		{Name: "given, at once", request: rotate(`{"secret":"` + third + `","overlap_seconds":0}`), Status: 200, Want: []string{third}, Not: []string{"previous"}},
		{Name: "reveal the third", request: reveal, Status: 200, Want: []string{`{"secret":"` + third + `"}`}},
		{Name: "the present one", request: rotate(`{"secret":"` + third + `"}`), Status: 422, Field: "secret", Want: []string{"present"}},
		{Name: "empty", request: rotate(`{"secret":""}`), Status: 422, Field: "secret"},
		{Name: "null", request: rotate(`{"secret":null}`), Status: 422, Field: "secret"},
		{Name: "of another form", request: rotate(`{"secret":"not of the form"}`), Status: 422, Field: "secret", Want: []string{"whsec_"}},
		{Name: "negative overlap", request: rotate(`{"overlap_seconds":-1}`), Status: 422, Field: "overlap_seconds"},
		{Name: "long overlap", request: rotate(`{"overlap_seconds":2592001}`), Status: 422, Field: "overlap_seconds"},
		{Name: "null overlap", request: rotate(`{"overlap_seconds":null}`), Status: 422, Field: "overlap_seconds"},
		{Name: "another member", request: rotate(`{"overlap":1}`), Status: 422, Field: "overlap"},
		{Name: "no object", request: rotate(`[]`), Status: 400, Code: "malformed_body"},
		{Name: "nothing of this changed anything", request: reveal, Status: 200, Want: []string{`{"secret":"` + third + `"}`}},
		{Name: "no such endpoint", request: request{Method: "POST /v1/endpoints/ep_1/secret/rotate"}, Status: 404, Code: "not_found"},
	})
	for range 5 {
		e.get(t, 200, rotate(""))
	}
	run(t, e, nil, []scenario{
		{Name: "too many", request: rotate(""), Status: 422, Field: "overlap_seconds", Want: []string{"5 earlier secrets"}},
		{Name: "too many, but at once", request: rotate(`{"overlap_seconds":0}`), Status: 200, Not: []string{"previous"}},
		{Name: "overlap again", request: rotate(""), Status: 200, Want: []string{"previous"}},
		{Name: "a change ends it", request: request{Method: "PATCH /v1/endpoints/" + id, Body: `{"secret":"` + third + `"}`}, Status: 200, Not: []string{"previous"}},
		{Name: "unsigned", request: request{Method: "PATCH /v1/endpoints/" + id, Body: `{"profile":"inkit","secret":null}`}, Status: 200, Want: []string{`"signed":false`}},
		{Name: "signed from now on", request: rotate(""), Status: 200, Want: []string{"whsec_"}, Not: []string{"previous"}},
	})
}

func TestRotateAccountSecret(t *testing.T) {
	t.Parallel()
	e := start(t)
	reveal := request{Method: "GET /v1/account/secret"}
	before := e.get(t, 200, reveal).text("secret")
	own := e.get(t, 200, request{Method: "POST /v1/account/secret/rotate"})
	if own.text("secret") == before || own.text("previous_secret_until") == "" {
		t.Errorf("rotated to %s", own.Body)
	}
	seen.secret("any form will do")
	byOperator := request{Method: "POST /v1/accounts/" + e.one.id + "/secret/rotate", Key: e.operator, Body: `{"secret":"any form will do","overlap_seconds":60}`}
	run(t, e, nil, []scenario{
		{Name: "reveal", request: reveal, Status: 200, Want: []string{own.text("secret"), "previous_secret_until"}},
		{Name: "the account tells", request: request{Method: "GET /v1/account"}, Status: 200, Want: []string{"previous_secret_until"}},
		{Name: "by the operator", request: byOperator, Status: 200, Want: []string{"any form will do", "previous_secret_until"}},
		{Name: "reveal again", request: reveal, Status: 200, Want: []string{"any form will do"}},
		{Name: "too long", request: request{Method: "POST /v1/account/secret/rotate", Body: `{"secret":"` + strings.Repeat("x", 513) + `"}`}, Status: 422, Field: "secret"},
		{Name: "a change ends it", request: request{Method: "PATCH /v1/account", Body: `{"secret":null}`}, Status: 200, Want: []string{`"signed":false`}, Not: []string{"previous"}},
		{Name: "no such account", request: request{Method: "POST /v1/accounts/acc_1/secret/rotate", Key: e.operator}, Status: 404, Code: "not_found"},
	})
}
