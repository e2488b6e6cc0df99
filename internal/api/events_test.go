package api_test

import "testing"

func TestEvents(t *testing.T) {
	t.Parallel()
	e := start(t)
	made := e.play(t, nil, scenario{
		request: request{Method: "POST /v1/events", Body: `{"type":"document.signed","resource_id":"doc&1","data":{"b":1.0,"a":"<\u00e9>","n":12345678901234567891}}`},
		Status:  202,
		Want:    []string{`"id":"evt_`, `"type":"document.signed"`, `"resource_id":"doc&1"`, `"data":{"b":1,"a":"<é>","n":12345678901234567891}`, "created_at"},
		Not:     []string{"job_id"},
	})
	id := made.text("id")
	names := map[string]string{"id": id, "uuid": uuid(id)}
	run(t, e, names, []scenario{
		{Name: "only a type", request: request{Method: "POST /v1/events", Body: `{"type":"bare"}`}, Status: 202, Want: []string{`"type":"bare"`}, Not: []string{`"data"`, `"resource_id"`}},
		{Name: "nulls", request: request{Method: "POST /v1/events", Body: `{"type":"bare","data":null,"resource_id":null}`}, Status: 202, Not: []string{`"data"`, `"resource_id"`}},
		{Name: "get", request: request{Method: "GET /v1/events/{id}"}, Status: 200, Want: []string{string(made.Body)}},
		{Name: "get by UUID", request: request{Method: "GET /v1/events/{uuid}"}, Status: 200, Want: []string{string(made.Body)}},
		{Name: "malformed id", request: request{Method: "GET /v1/events/evt_1"}, Status: 404, Code: "not_found"},
		{Name: "list by type", request: request{Method: "GET /v1/events?type=document.signed"}, Status: 200, Want: []string{`{"items":[{"id":"` + id + `"`}, Not: []string{"bare"}},
		{Name: "list by resource", request: request{Method: "GET /v1/events?resource_id=doc%261"}, Status: 200, Want: []string{`{"items":[{"id":"` + id + `"`}, Not: []string{"bare"}},
		{Name: "list all", request: request{Method: "GET /v1/events?since=2020-01-01T00:00:00Z"}, Status: 200, Want: []string{id, "bare"}},
		{Name: "list none", request: request{Method: "GET /v1/events?until=2020-01-01T00:00:00Z"}, Status: 200, Want: []string{`{"items":[]}`}},
	})
}

// TestEventOfJob shows the job as the profile standard does, with its result
// even if callbacks have none.
func TestEventOfJob(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.get(t, 202, request{Method: "POST /v1/jobs", Body: `{"type":"render","metadata":{"order":17},"include_result":false,"events":{"succeeded":"RENDER_CREATE_FINISHED"}}`})
	id, token := e.lease(t, "render")
	e.get(t, 200, request{Method: "POST /v1/jobs/" + id + "/complete", Key: e.one.worker, Body: `{"lease_token":"` + token + `","result":[1]}`})
	shown := []string{
		`"type":"RENDER_CREATE_FINISHED"`, `"resource_id":"` + id + `"`, `"job_id":"` + id + `"`,
		`"data":{"id":"` + id + `","type":"render","status":"succeeded","result":[1],"resource_id":"` + id + `","metadata":{"order":17},"created_at":"`,
	}
	list := e.play(t, nil, scenario{request: request{Method: "GET /v1/events?job_id=" + uuid(id)}, Status: 200, Want: shown})
	e.play(t, nil, scenario{request: request{Method: "GET /v1/events/" + list.text("items.0.id")}, Status: 200, Want: shown})
}

func TestResources(t *testing.T) {
	t.Parallel()
	e := start(t)
	job := e.get(t, 202, request{Method: "POST /v1/jobs", Body: `{"type":"t","resource_id":"doc/7 ü%2F?#"}`}).text("id")
	e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"first","resource_id":"doc/7 ü%2F?#"}`})
	e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"second","resource_id":"doc/7 ü%2F?#"}`})
	alone := e.job(t, "t")
	event := e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"third","resource_id":".."}`}).text("id")
	bare := e.get(t, 202, request{Method: "POST /v1/events", Body: `{"type":"fourth"}`}).text("id")
	run(t, e, nil, []scenario{
		{
			Name: "job and events", request: request{Method: "GET /v1/resources/doc%2F7%20%C3%BC%252F%3F%23"}, Status: 200,
			Want: []string{`{"resource_id":"doc/7 ü%2F?#","job":{"id":"` + job + `"`, `"type":"first"`, `"type":"second"`}, Not: []string{"third"},
		},
		{Name: "a job that named nothing", request: request{Method: "GET /v1/resources/" + alone}, Status: 200, Want: []string{`"job":{"id":"` + alone + `"`, `"events":[]`}},
		{Name: "dots", request: request{Method: "GET /v1/resources/%2E%2E"}, Status: 200, Want: []string{`{"resource_id":"..","events":[{"id":"` + event + `"`}, Not: []string{`"job"`}},
		{Name: "an event that named nothing", request: request{Method: "GET /v1/resources/" + bare}, Status: 200, Want: []string{`"type":"fourth"`}},
		{Name: "unknown", request: request{Method: "GET /v1/resources/nothing"}, Status: 404, Code: "not_found", Want: []string{"nothing"}},
		{Name: "not UTF-8", request: request{Method: "GET /v1/resources/%FF%00"}, Status: 404, Code: "not_found"},
		{Name: "unescaped slash", request: request{Method: "GET /v1/resources/doc/7"}, Status: 404, Code: "not_found"},
		{Name: "no id", request: request{Method: "GET /v1/resources/"}, Status: 404, Code: "not_found"},
	})
}
