package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// detour is the same request in another spelling, which no shortcut takes: the
// last letter of its path is escaped.
func detour(q request) request {
	method, path, _ := strings.Cut(q.Method, " ")
	end := len(path) - 1
	q.Method = fmt.Sprintf("%s %s%%%02X", method, path[:end], path[end])
	return q
}

// passing is what differs from one answer to the next: ids, tokens and times.
var passing = regexp.MustCompile(`(job|evt|lease)_[0-9a-z_]{26,}|[0-9a-f-]{36}|"20[0-9T:.-]+Z"`)

// sameAnswers compares the answers that a request got on the two ways.
func sameAnswers(t *testing.T, shortcut, framework *answer) {
	t.Helper()
	shape := func(a *answer) (string, http.Header) {
		h := maps.Clone(a.Header)
		h.Del("Date")
		h.Del("Content-Length") // times are as long as they are, and bodies are compared
		return passing.ReplaceAllString(string(a.Body), "…"), h
	}
	gotBody, gotHeader := shape(shortcut)
	wantBody, wantHeader := shape(framework)
	if shortcut.Status != framework.Status || gotBody != wantBody {
		t.Errorf("shortcut: %d %s\nframework: %d %s", shortcut.Status, gotBody, framework.Status, wantBody)
	}
	if fmt.Sprint(gotHeader) != fmt.Sprint(wantHeader) {
		t.Errorf("shortcut: %v\nframework: %v", gotHeader, wantHeader)
	}
}

// TestShortcuts sends requests, right and wrong ones, both with and without a
// shortcut.
func TestShortcuts(t *testing.T) {
	t.Parallel()
	e := start(t)
	bodies := map[string][]string{
		"/v1/jobs": {
			`{"type":"t"}`, `{"type":"t","input":null}`, `{"type":"t","input":{"<&>":"\u2028\u00e9\u007f\"","n":1e400}}`, `{"type":"t","input":[1,"a,b",{}]}`,
			`{"type":"t","callback_url":"http://127.0.0.1:9/a?b=<1>&c","profile":"unitary","callback_only":true,"include_result":false}`,
			`{"type":"t","callback_url":"http://127.0.0.1:9/é"}`, `{"type":"t","callback_url":""}`, `{"type":"t","callback_url":"ftp://x"}`, `{"type":"t","callback_url":null}`,
			`{"type":"t","resource_id":"a'<b>& ~"}`, `{"type":"t","resource_id":"\"é\\"}`, `{"type":"t","resource_id":""}`, `{"type":"t","resource_id":null}`,
			`{"type":"t","resource_id":"` + strings.Repeat("x", 257) + `"}`,
			`{"type":"t","metadata":{"a":[{}]}}`, `{"type":"t","metadata":{}}`, `{"type":"t","metadata":null}`, `{"type":"t","metadata":[]}`, `{"type":"t","metadata":"{}"}`,
			`{"type":"t","timeout_seconds":1,"max_attempts":100}`, `{"type":"t","timeout_seconds":86400,"max_attempts":1}`,
			`{"type":"t","timeout_seconds":0}`, `{"type":"t","timeout_seconds":86401}`, `{"type":"t","timeout_seconds":1e3}`, `{"type":"t","timeout_seconds":-1}`,
			`{"type":"t","timeout_seconds":"1"}`, `{"type":"t","timeout_seconds":1.5}`, `{"type":"t","timeout_seconds":99999999999999999999}`, `{"type":"t","timeout_seconds":null}`,
			`{"type":"t","max_attempts":101}`, `{"type":"t","max_attempts":0}`, `{"type":"t","callback_only":true}`, `{"type":"t","callback_only":null}`, `{"type":"t","callback_only":"true"}`,
			`{"type":"t","include_result":0}`, `{"type":"t","events":{"succeeded":"done.<"}}`, `{"type":"t","events":{"succeeded":"done"}}`, `{"type":"t","run_at":"2099-01-02T15:04:05Z"}`,
			`{"type":"t","run_at":"soon"}`, `{"type":"t","profile":"none"}`, `{"type":"t","profile":""}`, `{"type":"a b"}`, `{"type":""}`, `{"type":null}`, `{"type":1}`, `{"type":["t"]}`, `{}`,
			`{"Type":"t"}`, `{"type":"t","more":1}`, `{"type":"t","type":"t"}`, `{`, `[]`, ``,
		},
		"/v1/events": {
			`{"type":"t","resource_id":"a<b>&","data":{"a":"é"}}`, `{"type":"t"}`, `{"type":"t","data":null}`, `{"type":"t","data":[]}`, `{"type":"t","data":{}}`,
			`{"type":"a b"}`, `{"type":"t","resource_id":"\""}`, `{"type":1}`, `{}`, `{"type":"t","job_id":"x"}`,
		},
		"/v1/jobs/lease": {
			`{"types":["none"]}`, `{"types":["none","other"],"max":100,"lease_seconds":3600,"wait_seconds":0}`, `{"types":[]}`, `{"types":"none"}`, `{"types":["a,b"]}`,
			`{"types":["a","b\""]}`, `{"types":["a",["b"]]}`, `{"types":["a",1]}`, `{"types":["a",null]}`, `{"types":[""]}`, `{"types":null}`, `{}`,
			`{"types":["none"],"max":0}`, `{"types":["none"],"max":101}`, `{"types":["none"],"wait_seconds":61}`, `{"types":["none"],"lease_seconds":0}`,
			`{"types":["none"],"lease_seconds":3601}`, `{"types":["none"],"max":null}`, `{"types":["none"],"more":1}`, `{"types":["x` + strings.Repeat(`","x`, 100) + `"]}`,
		},
		"/v1/jobs/job_00000000000000000000000000/complete": {
			`{"lease_token":"x"}`, `{"lease_token":""}`, `{"lease_token":1}`, `{"lease_token":null}`, `{"result":1}`, `{"lease_token":"é","result":null}`,
			`{"lease_token":"x","resource_id":""}`, `{"lease_token":"x","resource_id":"\u0000"}`, `{"lease_token":"x","more":1}`, `{}`,
		},
		"/v1/jobs/no id/complete": {`{"lease_token":"x"}`},
	}
	for path, all := range bodies {
		for _, body := range all {
			q := request{Method: "POST " + strings.ReplaceAll(path, " ", "%20"), Key: e.one.worker, Body: body}
			t.Run(path+" "+body, func(t *testing.T) {
				sameAnswers(t, e.do(t, q), e.do(t, detour(q)))
			})
		}
	}
}

// TestShortcutsOfAJob follows jobs, each step of which is a shortcut for one and
// none for the other.
func TestShortcutsOfAJob(t *testing.T) {
	t.Parallel()
	e := start(t)
	for i, c := range []struct{ submission, completion string }{
		{`{"type":"T","input":{"url":"a<b>&"}}`, `{"lease_token":"{token}","result":{"width":"é<&>"}}`},
		{`{"type":"T"}`, `{"lease_token":"{token}"}`},
		{`{"type":"T","resource_id":"r&1","metadata":{"m":1},"callback_url":"http://127.0.0.1:9/"}`, `{"lease_token":"{token}","result":null,"resource_id":"r<2"}`},
		{`{"type":"T","resource_id":"\"é"}`, `{"lease_token":"{token}","result":"\"","resource_id":"é<"}`},
		{`{"type":"T","events":{"succeeded":"made"},"timeout_seconds":5}`, `{"lease_token":"{token}","result":[]}`},
	} {
		t.Run(c.submission, func(t *testing.T) {
			parent := map[string]string{"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Idempotency-Key": fmt.Sprintf("k%d", i)}
			walk := func(kind string, way func(request) request) (steps []*answer) {
				submit := way(request{Method: "POST /v1/jobs", Key: e.one.worker, Header: maps.Clone(parent), Body: strings.ReplaceAll(c.submission, "T", kind)})
				submit.Header["Idempotency-Key"] += kind
				submitted := e.get(t, 202, submit)
				id := submitted.text("id")
				look := request{Method: "GET /v1/jobs/" + id}
				identical(t, submitted, e.get(t, 200, look))
				leased := e.get(t, 200, way(request{
					Method: "POST /v1/jobs/lease", Key: e.one.worker, Body: `{"types":["` + kind + `"],"max":2}`,
				}))
				body := strings.ReplaceAll(c.completion, "{token}", leased.text("jobs.0.lease_token"))
				complete := way(request{Method: "POST /v1/jobs/" + id + "/complete", Key: e.one.worker, Body: body})
				completed := e.get(t, 200, complete)
				identical(t, completed, e.get(t, 200, look))
				identical(t, completed, e.get(t, 200, complete))
				again := e.get(t, 202, submit) // whose job is done by now
				identical(t, completed, again)
				return []*answer{submitted, leased, completed, again}
			}
			short := walk(fmt.Sprintf("a%d", i), func(q request) request { return q })
			long := walk(fmt.Sprintf("b%d", i), detour)
			for i := range short {
				short[i].Body = []byte(strings.ReplaceAll(string(short[i].Body), `"type":"a`, `"type":"b`))
				sameAnswers(t, short[i], long[i])
			}
		})
	}
}

func identical(t *testing.T, a, b *answer) {
	t.Helper()
	if string(a.Body) != string(b.Body) {
		t.Errorf("%s\n%s", a.Body, b.Body)
	}
}

// TestShortcutsOfManyJobs leases several at once.
func TestShortcutsOfManyJobs(t *testing.T) {
	t.Parallel()
	e := start(t)
	for range 6 {
		e.get(t, 202, request{Method: "POST /v1/jobs", Body: `{"type":"t","input":"é"}`})
	}
	q := request{Method: "POST /v1/jobs/lease", Key: e.one.worker, Body: `{"types":["t"],"max":3}`}
	sameAnswers(t, e.get(t, 200, q), e.get(t, 200, detour(q)))
}
