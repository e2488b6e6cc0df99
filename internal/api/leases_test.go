package api_test

import (
	"strings"
	"sync"
	"testing"
)

func TestLeases(t *testing.T) {
	t.Parallel()
	e := start(t)
	id := e.get(t, 202, request{Method: "POST /v1/jobs", Body: `{"type":"t","input":{"n":12345678901234567891},"metadata":{"m":1}}`}).text("id")
	lease := e.play(t, nil, scenario{
		request: request{Method: "POST /v1/jobs/lease", Key: e.one.worker, Body: `{"types":["other","t"],"max":2,"lease_seconds":60}`},
		Status:  200,
		Want: []string{
			`{"jobs":[{"id":"` + id + `"`, `"input":{"n":12345678901234567891}`, `"attempt":1`, `"max_attempts":3`, `"lease_token":"lease_`,
			`"account_id":"` + e.one.id + `"`, `"timeout_seconds":3600`, `"metadata":{"m":1}`, `"resource_id":"` + id + `"`, "lease_expires_at", "created_at",
		},
	})
	names := map[string]string{"id": id, "uuid": uuid(id), "token": lease.text("jobs.0.lease_token")}
	worker := func(path, body string) request {
		return request{Method: "POST /v1/jobs/" + path, Key: e.one.worker, Body: body}
	}
	const resultOf = `"result":{"n":12345678901234567891,"f":11.6}`
	run(t, e, names, []scenario{
		{Name: "nothing left", request: worker("lease", `{"types":["t"]}`), Status: 200, Want: []string{`{"jobs":[]}`}},
		{Name: "heartbeat", request: worker("{id}/heartbeat", `{"lease_token":"{token}"}`), Status: 200, Want: []string{`{"lease_expires_at":"20`}},
		{Name: "heartbeat by UUID with a length", request: worker("{uuid}/heartbeat", `{"lease_token":"{token}","lease_seconds":3600}`), Status: 200},
		{Name: "wrong token", request: worker("{id}/heartbeat", `{"lease_token":"{token}x"}`), Status: 409, Code: "stale_lease", Want: []string{"attempt 1 of 3"}},
		{Name: "complete with a wrong token", request: worker("{id}/complete", `{"lease_token":"lease_x","result":1}`), Status: 409, Code: "stale_lease"},
		{Name: "fail with a wrong token", request: worker("{id}/fail", `{"lease_token":"lease_x","error":"x","retry":true}`), Status: 409, Code: "stale_lease"},
		{Name: "unknown job", request: worker("job_00000000000000000000000000/heartbeat", `{"lease_token":"{token}"}`), Status: 404, Code: "not_found"},
		{Name: "complete", request: worker("{id}/complete", `{"lease_token":"{token}","result":{"n":12345678901234567891,"f":11.60},"resource_id":"doc_7"}`), Status: 200, Want: []string{`"status":"succeeded"`, resultOf, `"resource_id":"doc_7"`, "finished_at"}},
		{Name: "complete again", request: worker("{id}/complete", `{"lease_token":"{token}","result":"another"}`), Status: 200, Want: []string{`"status":"succeeded"`, resultOf}},
		{Name: "complete again with another token", request: worker("{id}/complete", `{"lease_token":"lease_x"}`), Status: 409, Code: "job_finished"},
		{Name: "fail after completion", request: worker("{id}/fail", `{"lease_token":"{token}","error":"x"}`), Status: 409, Code: "job_finished"},
		{Name: "heartbeat after completion", request: worker("{id}/heartbeat", `{"lease_token":"{token}"}`), Status: 409, Code: "job_finished"},
		{Name: "as the submitter sees it", request: request{Method: "GET /v1/jobs/{id}"}, Status: 200, Want: []string{`"status":"succeeded"`, resultOf, `"attempt":1`}, Not: []string{"lease"}},
	})
}

func TestFailJob(t *testing.T) {
	t.Parallel()
	e := start(t)
	fail := func(id, token, more string) request {
		return request{Method: "POST /v1/jobs/" + id + "/fail", Key: e.one.worker, Body: `{"lease_token":"` + token + `","error":"Failed to decode video."` + more + `}`}
	}
	e.job(t, "t")
	id, token := e.lease(t, "t")
	run(t, e, nil, []scenario{
		{Name: "for good", request: fail(id, token, ""), Status: 200, Want: []string{`"status":"failed"`, `"error":"Failed to decode video."`}, Not: []string{`"result"`}},
		{Name: "again", request: fail(id, token, ""), Status: 200, Want: []string{`"status":"failed"`}},
		{Name: "its event", request: request{Method: "GET /v1/events?type=job.failed"}, Status: 200, Want: []string{`"job_id":"` + id + `"`, `"error":"Failed to decode video."`}},
	})
	e.job(t, "t")
	id, token = e.lease(t, "t")
	run(t, e, nil, []scenario{
		{Name: "for now", request: fail(id, token, `,"retry":true`), Status: 200, Want: []string{`"status":"queued"`, `"attempt":1`, `"error":"Failed to decode video."`}},
		{Name: "the token is stale", request: fail(id, token, `,"retry":true`), Status: 409, Code: "stale_lease"},
		{Name: "no event", request: request{Method: "GET /v1/events?job_id=" + id}, Status: 200, Want: []string{`{"items":[]}`}},
	})
	e.get(t, 202, request{Method: "POST /v1/jobs", Body: `{"type":"t","max_attempts":1,"resource_id":"last"}`})
	id, token = e.lease(t, "t")
	e.play(t, nil, scenario{request: fail(id, token, `,"retry":true`), Status: 200, Want: []string{`"status":"failed"`}})
}

// TestLeaseExpiry lets a lease of one second end: the job goes to the next
// worker, and the first one is fenced off.
func TestLeaseExpiry(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.job(t, "t")
	take := func(seconds string) (id, token string) {
		a := e.get(t, 200, request{Method: "POST /v1/jobs/lease", Key: e.one.worker, Body: `{"types":["t"],"wait_seconds":60,"lease_seconds":` + seconds + `}`})
		return a.text("jobs.0.id"), a.text("jobs.0.lease_token")
	}
	id, lost := take("1")
	again, token := take("60")
	if again != id || token == lost {
		t.Fatalf("leased %s with %s, then %s with %s", id, lost, again, token)
	}
	run(t, e, map[string]string{"id": id, "lost": lost, "token": token}, []scenario{
		{Name: "lost", request: request{Method: "POST /v1/jobs/{id}/complete", Key: e.one.worker, Body: `{"lease_token":"{lost}"}`}, Status: 409, Code: "stale_lease"},
		{Name: "current", request: request{Method: "POST /v1/jobs/{id}/complete", Key: e.one.worker, Body: `{"lease_token":"{token}"}`}, Status: 200, Want: []string{`"attempt":2`, `"result":null`}},
	})
}

// TestLeaseWaits submits a job when a worker is waiting for one.
func TestLeaseWaits(t *testing.T) {
	t.Parallel()
	e := start(t)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		if id, _ := e.lease(t, "t"); id == "" {
			t.Error("the worker got no job")
		}
	})
	<-e.store.idle
	e.job(t, "t")
}

// TestOperatorsWorker works for all accounts, or for one.
func TestOperatorsWorker(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.job(t, "t")
	e.get(t, 202, request{Method: "POST /v1/jobs", Key: e.two.key, Body: `{"type":"t"}`})
	e.job(t, "u")
	lease := func(jobType string, header map[string]string) *answer {
		return e.get(t, 200, request{Method: "POST /v1/jobs/lease", Key: e.operator, Header: header, Body: `{"types":["` + jobType + `"],"max":10}`})
	}
	forTwo := map[string]string{"Ringback-Account": e.two.id}
	if a := lease("u", forTwo); a.value("jobs.0") != nil {
		t.Errorf("a job of another account: %s", a.Body)
	}
	all := lease("t", nil)
	accounts := all.text("jobs.0.account_id") + " " + all.text("jobs.1.account_id")
	if !strings.Contains(accounts, e.one.id) || !strings.Contains(accounts, e.two.id) {
		t.Fatalf("leased for %q", accounts)
	}
	for _, path := range []string{"heartbeat", "complete"} {
		for _, job := range []string{"jobs.0.", "jobs.1."} {
			e.get(t, 200, request{
				Method: "POST /v1/jobs/" + all.text(job+"id") + "/" + path, Key: e.operator,
				Body: `{"lease_token":"` + all.text(job+"lease_token") + `"}`,
			})
		}
	}
	one := lease("u", map[string]string{"Ringback-Account": e.one.id})
	names := map[string]string{"id": one.text("jobs.0.id"), "token": one.text("jobs.0.lease_token")}
	run(t, e, names, []scenario{
		{Name: "for the wrong account", request: request{Method: "POST /v1/jobs/{id}/complete", Key: e.operator, Header: forTwo, Body: `{"lease_token":"{token}"}`}, Status: 404, Code: "not_found"},
		{Name: "with a token of no account", request: request{Method: "POST /v1/jobs/{id}/complete", Key: e.operator, Body: `{"lease_token":"x"}`}, Status: 409, Code: "stale_lease"},
		{Name: "fail", request: request{Method: "POST /v1/jobs/{id}/fail", Key: e.operator, Body: `{"lease_token":"{token}","error":"x"}`}, Status: 200},
	})
}
