package api_test

import (
	"strings"
	"sync"
	"testing"
)

func TestSubmitJob(t *testing.T) {
	t.Parallel()
	e := start(t)
	run(t, e, nil, []scenario{
		{
			Name:    "defaults",
			request: request{Method: "POST /v1/jobs", Body: `{"type":"inspect","input":{"a":1}}`},
			Status:  202,
			Want: []string{
				`"status":"queued"`, `"input":{"a":1}`, `"attempt":0`, `"max_attempts":3`, `"timeout_seconds":3600`,
				`"callback_only":false`, `"include_result":true`, `"resource_id":"job_`, `"status_url":"` + e.server.URL + `/v1/jobs/job_`,
			},
			Not:    []string{"callback_url", "profile", "metadata", "events", "result\":{", "error", "started_at", "finished_at", "lease"},
			Answer: map[string]string{"Idempotency-Replayed": ""},
		},
		{
			Name: "everything",
			request: request{Method: "POST /v1/jobs", Body: `{"type":"a.b","input":[1.0,"<&>\u2028"],"callback_url":"http://127.0.0.1:9/hook?a=1&b=<2>",
				"profile":"unitary","callback_only":true,"include_result":false,"resource_id":"doc/7 ü","metadata":{"order":17},
				"events":{"succeeded":"DONE","failed":"FAILED"},"run_at":"2999-01-02T03:04:05.123456+01:00","timeout_seconds":86400,"max_attempts":100}`},
			Status: 202,
			Want: []string{
				`"type":"a.b"`, `"input":[1,"<&>` + "\u2028" + `"]`, `"callback_url":"http://127.0.0.1:9/hook?a=1&b=<2>"`, `"profile":"unitary"`,
				`"callback_only":true`, `"include_result":false`, `"resource_id":"doc/7 ü"`, `"metadata":{"order":17}`,
				`"events":{"succeeded":"DONE","failed":"FAILED"}`, `"run_at":"2999-01-02T02:04:05.123456Z"`,
				`"timeout_seconds":86400`, `"max_attempts":100`,
			},
		},
		{
			Name:    "numbers keep their digits",
			request: request{Method: "POST /v1/jobs", Body: `{"type":"digits","input":{"n":12345678901234567891,"e":1e400,"d":0.1000}}`},
			Status:  202,
			Want:    []string{`"input":{"n":12345678901234567891,"e":1e400,"d":0.1}`},
		},
		{
			Name: "null stands for what is left out",
			request: request{Method: "POST /v1/jobs", Body: `{"type":"t","input":null,"callback_url":null,"profile":null,"resource_id":null,
				"metadata":null,"run_at":null,"events":null}`},
			Status: 202,
			Want:   []string{`"input":null`},
			Not:    []string{"callback_url", "profile", "metadata", "events"},
		},
		{
			Name:    "an input is not needed",
			request: request{Method: "POST /v1/jobs", Body: `{"type":"t"}`},
			Status:  202,
			Want:    []string{`"input":null`},
		},
		{
			Name: "Job-Webhook",
			request: request{
				Method: "POST /v1/jobs", Header: map[string]string{"Job-Webhook": "http://127.0.0.1:9/a"},
				Body: `{"type":"t","callback_url":null}`,
			},
			Status: 202,
			Want:   []string{`"callback_url":"http://127.0.0.1:9/a"`, `"profile":"standard"`},
		},
		{
			Name: "Job-Webhook and the same callback_url",
			request: request{
				Method: "POST /v1/jobs", Header: map[string]string{"Job-Webhook": "http://127.0.0.1:9/a"},
				Body: `{"type":"t","callback_url":"http://127.0.0.1:9/a"}`,
			},
			Status: 202,
			Want:   []string{`"callback_url":"http://127.0.0.1:9/a"`},
		},
		{
			Name:    "a body of exactly 1 MiB",
			request: request{Method: "POST /v1/jobs", Body: padded(1 << 20)},
			Status:  202,
		},
		{
			Name:    "without a Content-Type",
			request: request{Method: "POST /v1/jobs", Body: `{"type":"t"}`, Header: map[string]string{"Content-Type": ""}},
			Status:  202,
		},
		{
			Name:    "with a charset, and an Accept header of nonsense",
			request: request{Method: "POST /v1/jobs", Body: `{"type":"t"}`, Type: "application/json; charset=UTF-8", Header: map[string]string{"Accept": "a;q,"}},
			Status:  202,
		},
	})
}

// padded is a submission of exactly so many bytes.
func padded(size int) string {
	const head, tail = `{"type":"t","input":"`, `"}`
	return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	e := start(t, publicURL)
	e.play(t, nil, scenario{
		request: request{Method: "POST /v1/jobs", Body: `{"type":"t"}`, Header: map[string]string{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp"}},
		Status:  202, Want: []string{`"status_url":"https://ringback.example/base/v1/jobs/job_`}, Not: []string{"evil"},
	})
}

func TestGetJob(t *testing.T) {
	t.Parallel()
	e := start(t)
	id := e.job(t, "t")
	names := map[string]string{"id": id, "uuid": uuid(id), "UUID": strings.ToUpper(uuid(id))}
	run(t, e, names, []scenario{
		{Name: "by id", request: request{Method: "GET /v1/jobs/{id}"}, Status: 200, Want: []string{`"id":"` + id + `"`}},
		{Name: "by UUID", request: request{Method: "GET /v1/jobs/{uuid}"}, Status: 200, Want: []string{`"id":"` + id + `"`}},
		{Name: "by UUID in upper case", request: request{Method: "GET /v1/jobs/{UUID}"}, Status: 200, Want: []string{`"id":"` + id + `"`}},
		{Name: "HEAD", request: request{Method: "HEAD /v1/jobs/{id}"}, Status: 200},
		{Name: "an operator for the account", request: request{Method: "GET /v1/jobs/{id}", Key: e.operator, Header: map[string]string{"Ringback-Account": e.one.id}}, Status: 200},
		{Name: "malformed id", request: request{Method: "GET /v1/jobs/job_x"}, Status: 404, Code: "not_found", Want: []string{"job_x"}},
		{Name: "lease is no id", request: request{Method: "GET /v1/jobs/lease"}, Status: 404, Code: "not_found"},
		{Name: "unknown id", request: request{Method: "GET /v1/jobs/job_00000000000000000000000000"}, Status: 404, Code: "not_found"},
		{Name: "an id of another kind", request: request{Method: "GET /v1/jobs/evt_" + id[4:]}, Status: 404, Code: "not_found"},
		{Name: "a very long id", request: request{Method: "GET /v1/jobs/" + strings.Repeat("x", 5000)}, Status: 404, Not: []string{strings.Repeat("x", 3000)}},
	})
}

func TestCancelJob(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.job(t, "t")
	id, token := e.lease(t, "t")
	names := map[string]string{"id": id, "token": token}
	run(t, e, names, []scenario{
		{Name: "running", request: request{Method: "GET /v1/jobs/{id}"}, Status: 200, Want: []string{`"status":"running"`, "lease_expires_at", "started_at"}},
		{Name: "cancel", request: request{Method: "POST /v1/jobs/{id}/cancel"}, Status: 200, Want: []string{`"status":"canceled"`, `"error":"canceled"`, "finished_at"}, Not: []string{"lease_expires_at"}},
		{Name: "cancel again", request: request{Method: "POST /v1/jobs/{id}/cancel"}, Status: 409, Code: "job_finished", Want: []string{"canceled already"}},
		{Name: "heartbeat", request: request{Method: "POST /v1/jobs/{id}/heartbeat", Key: e.one.worker, Body: `{"lease_token":"{token}"}`}, Status: 409, Code: "job_canceled"},
		{Name: "complete", request: request{Method: "POST /v1/jobs/{id}/complete", Key: e.one.worker, Body: `{"lease_token":"{token}"}`}, Status: 409, Code: "job_canceled"},
		{Name: "fail", request: request{Method: "POST /v1/jobs/{id}/fail", Key: e.one.worker, Body: `{"lease_token":"{token}","error":"x"}`}, Status: 409, Code: "job_canceled"},
		{Name: "its event", request: request{Method: "GET /v1/events?job_id={id}"}, Status: 200, Want: []string{`"type":"job.canceled"`, `"job_id":"` + id + `"`, `"error":"canceled"`}},
	})
}

func TestListJobs(t *testing.T) {
	t.Parallel()
	e := start(t)
	first, second := e.job(t, "one"), e.job(t, "two.x")
	e.get(t, 200, request{Method: "POST /v1/jobs/" + second + "/cancel"})
	third := e.get(t, 202, request{Method: "POST /v1/jobs", Body: `{"type":"one","resource_id":"doc&7"}`})
	only := func(id string) []string { return []string{`"items":[{"id":"` + id + `"`} }
	after := third.text("created_at")
	run(t, e, nil, []scenario{
		{Name: "all", request: request{Method: "GET /v1/jobs"}, Status: 200, Want: append(only(third.text("id")), first, second), Not: []string{"next_cursor"}},
		{Name: "by status", request: request{Method: "GET /v1/jobs?status=canceled"}, Status: 200, Want: only(second), Not: []string{first}},
		{Name: "by type", request: request{Method: "GET /v1/jobs?type=two.x"}, Status: 200, Want: only(second), Not: []string{first}},
		{Name: "by resource", request: request{Method: "GET /v1/jobs?resource_id=doc%267"}, Status: 200, Want: only(third.text("id")), Not: []string{first, second}},
		{Name: "since", request: request{Method: "GET /v1/jobs?since=" + after}, Status: 200, Want: only(third.text("id")), Not: []string{first, second}},
		{Name: "until", request: request{Method: "GET /v1/jobs?until=" + after}, Status: 200, Want: only(second), Not: []string{third.text("id")}},
		{Name: "with an offset", request: request{Method: "GET /v1/jobs?since=2001-01-01T00:00:00%2B02:00&until=2999-01-01T00:00:00-05:00"}, Status: 200, Want: []string{first, second}},
		{Name: "none", request: request{Method: "GET /v1/jobs?status=running"}, Status: 200, Want: []string{`{"items":[]}`}},
	})
}

func TestWaitForJob(t *testing.T) {
	t.Parallel()
	e := start(t)
	work := func(answerTo request) *answer {
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			id, token := e.lease(t, "quick")
			e.get(t, 200, request{Method: "POST /v1/jobs/" + id + "/complete", Key: e.one.worker, Body: `{"lease_token":"` + token + `","result":{"n":12345678901234567891}}`})
		})
		return e.do(t, answerTo)
	}
	a := work(request{Method: "POST /v1/jobs?wait=60", Body: `{"type":"quick"}`})
	if a.Status != 200 || a.text("status") != "succeeded" || !strings.Contains(string(a.Body), `"result":{"n":12345678901234567891}`) {
		t.Errorf("submit and wait: %d %s", a.Status, a.Body)
	}
	id := e.job(t, "quick")
	a = work(request{Method: "GET /v1/jobs/" + id + "?wait=60"})
	if a.Status != 200 || a.text("status") != "succeeded" {
		t.Errorf("get and wait: %d %s", a.Status, a.Body)
	}
	a = e.do(t, request{Method: "POST /v1/jobs?wait=1", Body: `{"type":"nobody.does.it"}`})
	if a.Status != 202 || a.text("status") != "queued" {
		t.Errorf("submit and wait in vain: %d %s", a.Status, a.Body)
	}
	a = e.do(t, request{Method: "GET /v1/jobs/" + a.text("id") + "?wait=0"})
	if a.Status != 200 || a.text("status") != "queued" {
		t.Errorf("get and wait in vain: %d %s", a.Status, a.Body)
	}
}
