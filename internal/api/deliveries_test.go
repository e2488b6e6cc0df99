package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ringback/ringback/webhook"
)

// receiver is a customer's server. It answers with status and keeps what came.
type receiver struct {
	*httptest.Server

	status atomic.Int64
	calls  chan received
}

type received struct {
	header http.Header
	body   []byte
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{calls: make(chan received, 100)}
	r.status.Store(200)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		r.calls <- received{q.Header, body}
		w.Header()["X-Two"] = []string{"a", "b"}
		w.WriteHeader(int(r.status.Load()))
		_, _ = w.Write([]byte("thanks <\xff>"))
	}))
	t.Cleanup(r.Close)
	return r
}

// TestDelivery follows a job's event to an endpoint and to the job's callback,
// and verifies the calls as their receivers would.
func TestDelivery(t *testing.T) {
	t.Parallel()
	e := start(t)
	r := receive(t)
	made := e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"` + r.URL + `/endpoint","event_types":["job.*"],"headers":{"Authorization":"Bearer customers-own","X-Env":"test"}}`})
	seen.secret("customers-own")
	e.get(t, 202, request{Method: "POST /v1/jobs", Body: `{"type":"t","callback_url":"` + r.URL + `/callback?a=<b>","profile":"sharpapi"}`})
	id, token := e.lease(t, "t")
	e.get(t, 200, request{Method: "POST /v1/jobs/" + id + "/complete", Key: e.one.worker, Body: `{"lease_token":"` + token + `","result":{"n":12345678901234567891}}`})
	e.attempt(t, "")
	e.attempt(t, "")

	for range 2 {
		call := <-r.calls
		name, secret := "standard", made.text("secret")
		if call.header.Get("X-Signature") != "" {
			name = "sharpapi"
			secret = e.get(t, 200, request{Method: "GET /v1/account/secret"}).text("secret")
		}
		profile, _ := webhook.Lookup(name)
		if _, err := webhook.Verify(profile, call.header, call.body, secret); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "standard" != (call.header.Get("Webhook-Signature") != "") {
			t.Errorf("%s: signed with %v", name, call.header)
		}
		if !strings.Contains(string(call.body), `"result":{"n":12345678901234567891}`) {
			t.Errorf("%s: %s", name, call.body)
		}
	}

	byEndpoint := e.get(t, 200, request{Method: "GET /v1/deliveries?endpoint_id=" + made.text("id")})
	delivery := byEndpoint.text("items.0.id")
	event := byEndpoint.text("items.0.event_id")
	common := []string{
		`"event_type":"job.succeeded"`, `"job_id":"` + id + `"`, `"message_id":"msg_` + event[4:] + `"`,
		`"status":"delivered"`, `"attempt_count":1`, "delivered_at", "finished_at",
	}
	one := []string{`{"items":[{"id":"` + delivery + `"`}
	run(t, e, map[string]string{"id": delivery, "event": event, "job": id}, []scenario{
		{
			Name: "one", request: request{Method: "GET /v1/deliveries/{id}"}, Status: 200,
			Want: append(common, `"endpoint_id":"`+made.text("id")+`"`, `"attempts":[{"number":1,"started_at":"`, `"status_code":200`, `"duration_ms":`,
				`"response_body":"thanks <`+"\uFFFD"+`>"`, `"X-Two":"a, b"`, `"X-Env":"***"`, `"Authorization":"***"`, `"Webhook-Id":"msg_`+event[4:]+`"`),
			Not: []string{"reason", "next_attempt_at", `"error"`},
		},
		{Name: "all", request: request{Method: "GET /v1/deliveries"}, Status: 200, Want: append(common, delivery, `/callback?a=<b>"`, `"profile":"sharpapi"`), Not: []string{"attempts"}},
		{Name: "by event", request: request{Method: "GET /v1/deliveries?event_id={event}"}, Status: 200, Want: []string{delivery}},
		{Name: "by job", request: request{Method: "GET /v1/deliveries?job_id=" + uuid(id) + "&status=delivered"}, Status: 200, Want: []string{delivery}},
		{Name: "by endpoint and type", request: request{Method: "GET /v1/deliveries?endpoint_id=" + made.text("id") + "&event_type=job.succeeded"}, Status: 200, Want: one},
		{Name: "none of a status", request: request{Method: "GET /v1/deliveries?status=failed"}, Status: 200, Want: []string{`{"items":[]}`}},
		{Name: "none of a type", request: request{Method: "GET /v1/deliveries?event_type=other"}, Status: 200, Want: []string{`{"items":[]}`}},
		{Name: "none since", request: request{Method: "GET /v1/deliveries?since=2999-01-01T00:00:00Z"}, Status: 200, Want: []string{`{"items":[]}`}},
		{Name: "malformed id", request: request{Method: "GET /v1/deliveries/dlv_1"}, Status: 404, Code: "not_found"},
		{Name: "cancel what is delivered", request: request{Method: "POST /v1/deliveries/{id}/cancel"}, Status: 409, Code: "delivery_finished", Want: []string{"delivered already"}},
	})

	e.get(t, 200, request{Method: "POST /v1/deliveries/" + delivery + "/retry"})
	e.attempt(t, delivery)
	e.play(t, nil, scenario{request: request{Method: "GET /v1/deliveries/" + delivery}, Status: 200, Want: []string{`"attempt_count":2`, `"number":1`, `"number":2`, `"status":"delivered"`}})
	again := <-r.calls
	if got := again.header.Get("Webhook-Id"); got != "msg_"+event[4:] {
		t.Errorf("the retry has the id %q", got)
	}
}

func TestFailingDelivery(t *testing.T) {
	t.Parallel()
	e := start(t)
	r := receive(t)
	r.status.Store(500)
	endpoint := func(schedule string) string {
		return e.get(t, 201, request{Method: "POST /v1/endpoints", Body: `{"url":"` + r.URL + `","event_types":["e"],"retry_schedule":` + schedule + `}`}).text("id")
	}
	patient, impatient := endpoint(`["1h"]`), endpoint(`[]`)
	e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"e"}`})
	e.attempt(t, "")
	e.attempt(t, "")
	first := func(endpoint string) string {
		return e.get(t, 200, request{Method: "GET /v1/deliveries?endpoint_id=" + endpoint}).text("items.0.id")
	}
	names := map[string]string{"pending": first(patient), "failed": first(impatient), "endpoint": impatient}
	const reason = `"reason":"the receiver answered 500 Internal Server Error"`
	run(t, e, names, []scenario{
		{Name: "pending", request: request{Method: "GET /v1/deliveries/{pending}"}, Status: 200, Want: []string{`"status":"pending"`, "next_attempt_at", reason, `"error":"the receiver answered 500`}, Not: []string{"delivered_at", "finished_at"}},
		{Name: "failed", request: request{Method: "GET /v1/deliveries/{failed}"}, Status: 200, Want: []string{`"status":"failed"`, "finished_at", reason}, Not: []string{"delivered_at", "next_attempt_at"}},
		{Name: "cancel", request: request{Method: "POST /v1/deliveries/{pending}/cancel"}, Status: 200, Want: []string{`"status":"canceled"`, `"reason":"canceled by its owner"`}},
		{Name: "cancel again", request: request{Method: "POST /v1/deliveries/{pending}/cancel"}, Status: 409, Code: "delivery_finished"},
		{Name: "disable", request: request{Method: "PATCH /v1/endpoints/{endpoint}", Body: `{"enabled":false}`}, Status: 200},
		{Name: "retry to a disabled endpoint", request: request{Method: "POST /v1/deliveries/{failed}/retry"}, Status: 409, Code: "endpoint_disabled"},
		{Name: "retry nothing", request: request{Method: "POST /v1/deliveries/dlv_1/retry"}, Status: 404, Code: "not_found"},
	})
}
