package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ringback/ringback/webhook"
)

func TestTestEndpoint(t *testing.T) {
	t.Parallel()
	e := start(t)
	type received struct {
		header http.Header
		body   []byte
	}
	calls := make(chan received, 10)
	status := http.StatusNoContent
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		calls <- received{r.Header, body}
		w.WriteHeader(status)
	}))
	t.Cleanup(receiver.Close)
	made := e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"` + receiver.URL + `","event_types":["doc.*","x","order.paid"]}`})
	id := made.text("id")
	e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"` + receiver.URL + `/other","event_types":["*"]}`})

	test := func(body, query string) request {
		return request{Method: "POST /v1/endpoints/" + id + "/test" + query, Body: body}
	}
	delivered := e.get(t, 200, test("", "?wait=60")) // no body at all
	if delivered.text("status") != "delivered" || delivered.text("event_type") != "x" || delivered.value("attempts.0.status_code") != json.Number("204") {
		t.Errorf("%s", delivered.Body)
	}
	call := <-calls
	standard, _ := webhook.Lookup("standard")
	verified, err := webhook.Verify(standard, call.header, call.body, made.text("secret"))
	if err != nil || verified.ID != delivered.text("message_id") {
		t.Errorf("%+v, %v", verified, err)
	}
	if event, err := webhook.ParseEvent(standard, call.body); err != nil || event.Type != "x" {
		t.Errorf("%+v, %v: %s", event, err, call.body)
	}
	status = http.StatusTeapot
	failed := e.get(t, 200, test(`{"event_type":"sample.type"}`, "?wait=60"))
	if failed.text("status") != "failed" || failed.text("event_type") != "sample.type" || failed.value("attempt_count") != json.Number("1") {
		t.Errorf("%s", failed.Body)
	}
	<-calls
	a := e.get(t, 202, test("{}", ""))
	if a.text("status") != "pending" && a.text("status") != "failed" {
		t.Errorf("%s", a.Body)
	}
	<-calls
	run(t, e, nil, []scenario{
		{Name: "malformed type", request: test(`{"event_type":"a b"}`, ""), Status: 422, Field: "event_type"},
		{Name: "another member", request: test(`{"type":"a"}`, ""), Status: 422, Field: "type"},
		{Name: "no such endpoint", request: request{Method: "POST /v1/endpoints/ep_1/test"}, Status: 404, Code: "not_found"},
		{Name: "disable", request: request{Method: "PATCH /v1/endpoints/" + id, Body: `{"enabled":false}`}, Status: 200},
		{Name: "disabled", request: test("", ""), Status: 409, Code: "endpoint_disabled"},
	})
	select {
	case call := <-calls:
		t.Errorf("there was another call: %v", call.header)
	default:
	}
}

func TestRecoverEndpoint(t *testing.T) {
	t.Parallel()
	e := start(t)
	r := receive(t)
	id := e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"` + r.URL + `","event_types":["a"],"enabled":false}`}).text("id")
	since := "2026-01-02T00:00:00Z"
	for range 3 {
		e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"a"}`})
	}
	e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"b"}`})
	with := func(body string) request {
		return request{Method: "POST /v1/endpoints/" + id + "/recover", Body: body}
	}
	run(t, e, nil, []scenario{
		{Name: "disabled", request: with(`{"since":"` + since + `"}`), Status: 409, Code: "endpoint_disabled"},
		{Name: "enable", request: request{Method: "PATCH /v1/endpoints/" + id, Body: `{"enabled":true}`}, Status: 200},
		{Name: "since missing", request: with(`{}`), Status: 422, Field: "since"},
		{Name: "since no time", request: with(`{"since":"yesterday"}`), Status: 422, Field: "since"},
		{Name: "since before 1970", request: with(`{"since":"1969-12-31T23:59:59Z"}`), Status: 422, Field: "since"},
		{Name: "since in the future", request: with(`{"since":"9999-12-31T23:59:59Z"}`), Status: 422, Field: "since"},
		{Name: "until before since", request: with(`{"since":"` + since + `","until":"2025-01-01T00:00:00Z"}`), Status: 422, Field: "until"},
		{Name: "until before 1970", request: with(`{"since":"` + since + `","until":"1900-01-01T00:00:00Z"}`), Status: 422, Field: "until"},
		{Name: "no cursor of this", request: with(`{"since":"` + since + `","cursor":"MTpldnQ"}`), Status: 422, Field: "cursor"},
		{Name: "no such endpoint", request: request{Method: "POST /v1/endpoints/ep_1/recover", Body: `{"since":"` + since + `"}`}, Status: 404, Code: "not_found"},
		{Name: "nothing so far", request: request{Method: "GET /v1/deliveries?endpoint_id=" + id}, Status: 200, Want: []string{`{"items":[]}`}},
		{Name: "before they were made", request: with(`{"since":"` + since + `","until":"2026-01-03T00:00:00Z"}`), Status: 200, Want: []string{`{"recovered":0,"examined":0}`}},
		{Name: "all", request: with(`{"since":"` + since + `"}`), Status: 200, Want: []string{`{"recovered":3,"examined":4}`}},
		{Name: "again", request: with(`{"since":"` + since + `"}`), Status: 200, Want: []string{`{"recovered":0,"examined":4}`}},
	})
	for range 3 {
		e.attempt(t, "")
	}
}
