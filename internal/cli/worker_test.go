package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/server"
	"github.com/ringback/ringback/worker"
)

// workplace is a real server, and a worker command at it.
type workplace struct {
	t        *testing.T
	customer *client.Client
	stderr   *lockedBuffer
}

type lockedBuffer struct {
	lockedWriter

	buf bytes.Buffer
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// employ starts a server and `ringback worker ARGS`, which must end well when
// the test does.
func employ(t *testing.T, args ...string) *workplace {
	t.Helper()
	s, err := server.Open(t.Context(), server.Config{
		Addr: "127.0.0.1:0", Dir: t.TempDir(), Dev: true, AllowHTTP: true, AllowPrivate: true,
		Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	serving, stopServer := context.WithCancel(context.WithoutCancel(t.Context()))
	working, stopWorker := context.WithCancel(context.WithoutCancel(t.Context()))
	served, worked := make(chan error, 1), make(chan error, 1)
	go func() { served <- s.Run(serving) }()
	p := &workplace{t: t, stderr: &lockedBuffer{}}
	p.stderr.w = &p.stderr.buf
	if p.customer, err = client.New(s.URL(), s.Keys().APIKey); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RINGBACK_SERVER", s.URL())
	t.Setenv("RINGBACK_KEY", s.Keys().OperatorKey)
	root := newRoot()
	root.SetArgs(append([]string{"worker"}, args...))
	root.SetOut(io.Discard)
	root.SetErr(p.stderr)
	go func() { worked <- root.ExecuteContext(working) }()
	t.Cleanup(func() {
		stopWorker()
		if err := <-worked; err != nil {
			t.Errorf("the worker ended with %v", err)
		}
		stopServer()
		if err := <-served; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return p
}

// do submits a job and waits until it is finished.
func (p *workplace) do(input string, more ...func(*client.SubmitJobParams)) *client.Job {
	p.t.Helper()
	params := client.SubmitJobParams{Type: "a", Input: json.RawMessage(input), WaitSeconds: 30, MaxAttempts: 1}
	for _, m := range more {
		m(&params)
	}
	job, err := p.customer.SubmitJob(p.t.Context(), params)
	if err != nil || !job.Status.Final() {
		p.t.Fatalf("job %+v, %v\n%s", job, err, p.stderr)
	}
	return job
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// traced has a job done that was submitted with a traceparent.
func (p *workplace) traced(input string) *client.Job {
	p.t.Helper()
	job, err := p.customer.SubmitJob(client.WithTraceParent(p.t.Context(), traceparent),
		client.SubmitJobParams{Type: "a", Input: json.RawMessage(input), WaitSeconds: 30, MaxAttempts: 1})
	if err != nil {
		p.t.Fatal(err)
	}
	return job
}

// submit submits a job.
func (p *workplace) submit(input string, attempts int) *client.Job {
	p.t.Helper()
	job, err := p.customer.SubmitJob(p.t.Context(), client.SubmitJobParams{Type: "a", Input: json.RawMessage(input), MaxAttempts: attempts})
	if err != nil {
		p.t.Fatal(err)
	}
	return job
}

// check fails the test if a job did not end as it should have: with this result
// or, if that is "", with an error that contains a text.
func (p *workplace) check(job *client.Job, result, failure string) {
	p.t.Helper()
	if string(job.Result) != result || result == "" && (failure == "" || !strings.Contains(job.Error, failure)) {
		p.t.Errorf("%s with result %q and error %q; want %q or an error with %q\n%s", job.Status, job.Result, job.Error, result, failure, p.stderr)
	}
}

func TestWorkerExec(t *testing.T) {
	t.Setenv("RINGBACK_CONCURRENCY", "2")
	// The input is the script, so that each case is on one line.
	p := employ(t, "exec", "--type", "b,a", "--", "sh", "-c", `script=$(sed 's/^"//; s/"$//'); eval "$script"`)
	for _, c := range []struct{ script, result, failure string }{
		{`echo {}`, `{}`, ``},
		{`printf 3.5`, `3.5`, ``},
		{`true`, `null`, ``},
		{`echo; echo`, `null`, ``},
		{`echo hello`, ``, `the program's stdout is not JSON: invalid character 'h'`},
		{`echo 1 2`, ``, `is not JSON`},
		{`echo no >&2; echo 1; exit 3`, ``, `no`},
		{`exit 3`, ``, `the program ended with 'exit status 3' and wrote nothing to stderr`},
		{`kill -9 $$`, ``, `signal: killed`},
		{`yes 1 | head -c 1048577`, ``, `larger than 1048576 bytes`},
		{`test -z $RINGBACK_KEY && echo [$RINGBACK_ATTEMPT]`, `[1]`, ``},
		{`echo $RINGBACK_JOB_TYPE/$RINGBACK_JOB_ID/$RINGBACK_ACCOUNT_ID >&2; exit 1`, ``, `a/job_`},
		{`sleep 60 >/dev/null 2>&1 & echo 1`, `1`, ``},
		{`test -z $TRACEPARENT$TRACESTATE && echo 1`, `1`, ``},
	} {
		script, err := json.Marshal(c.script)
		if err != nil {
			t.Fatal(err)
		}
		p.check(p.do(strings.NewReplacer(`\u003e`, ">", `\u0026`, "&").Replace(string(script))), c.result, strings.ReplaceAll(c.failure, "'exit status 3'", `"exit status 3"`))
	}
	p.check(p.traced(`"test $TRACEPARENT = `+traceparent+` && echo 1"`), `1`, ``)
	job := p.do(`"echo one >&2; printf two >&2"`)
	for _, line := range []string{job.ID + ": one\n", job.ID + ": two\n", "outcome=succeeded", "outcome=failed"} {
		if !strings.Contains(p.stderr.String(), line) {
			t.Errorf("%q is not in the log:\n%s", line, p.stderr)
		}
	}
}

func TestWorkerExecTimeout(t *testing.T) {
	p := employ(t, "exec", "--type", "a", "--lease", "1s", "--", "sh", "-c", "sleep 600 & wait")
	job := p.do(`1`, func(p *client.SubmitJobParams) { p.TimeoutSeconds = 1 })
	p.check(job, "", worker.ErrTimeout.Error())
}

func TestJobLog(t *testing.T) {
	var out bytes.Buffer
	l := &jobLog{prefix: "job: ", to: &out}
	for _, part := range []string{"on", "e\r\n\ntwo", "\n", strings.Repeat("x", maxLogLine+1), "\nend"} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	l.flush()
	l.flush()
	if want := "job: one\njob: \njob: two\njob: " + strings.Repeat("x", maxLogLine) + "\njob: x\njob: end\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
	for text, want := range map[string]string{
		strings.Repeat("é", 3000) + "x": strings.Repeat("é", 2047) + "x", // 4,095 bytes: no half a character
		"a\xff\xfeb \n":                 "a\uFFFDb",
		strings.Repeat("x", maxTail) + strings.Repeat("y", maxTail): strings.Repeat("y", maxTail),
	} {
		l := &jobLog{to: io.Discard}
		_, _ = l.Write([]byte(text))
		if got := l.tail(); got != want {
			t.Errorf("tail %.20q… (%d bytes), want %.20q… (%d bytes)", got, len(got), want, len(want))
		}
	}
}

func TestWorkerHTTP(t *testing.T) {
	type seen struct {
		body   string
		header http.Header
	}
	requests := make(chan seen, 100)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		requests <- seen{string(raw), r.Header}
		var in struct {
			Status int
			Body   string
			Repeat int
		}
		if err := json.Unmarshal(raw, &in); err != nil {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(in.Status)
		_, _ = io.WriteString(w, strings.Repeat(in.Body, max(in.Repeat, 1)))
	}))
	defer service.Close()
	t.Setenv("MODEL_AUTH", "Bearer sekret")
	p := employ(t, "http", "--type", "a", "--url", service.URL+"/predict?v=1", "--header", "X-Model:large", "--header", "Authorization: env:MODEL_AUTH")
	for _, c := range []struct{ input, result, failure string }{
		{`{"status":200,"body":"{\"ok\":true}"}`, `{"ok":true}`, ``},
		{`{"status":204}`, `null`, ``},
		{`{"status":200,"body":"hello"}`, ``, `the service's answer is not JSON`},
		{`{"status":200,"body":"11","repeat":524289}`, ``, `larger than 1048576 bytes`},
		{`{"status":500,"body":"out of memory"}`, ``, `the service answered 500 Internal Server Error: out of memory`},
		{`{"status":404,"body":"é","repeat":5000}`, ``, `the service answered 404 Not Found: éé`},
		{`{"status":307}`, ``, `redirects are not followed`},
	} {
		p.check(p.do(c.input), c.result, c.failure)
	}
	got := <-requests
	if _, set := got.header["Traceparent"]; set {
		t.Error("a job without a trace has a traceparent")
	}
	p.traced(`{"status":204}`)
	for len(requests) > 1 {
		<-requests
	}
	if last := <-requests; last.header.Get("Traceparent") != traceparent {
		t.Errorf("the service was called with %q", last.header.Get("Traceparent"))
	}
	if got.header.Get("Authorization") != "Bearer sekret" || got.header.Get("X-Model") != "large" || got.header.Get("Content-Type") != "application/json" ||
		got.header.Get("Ringback-Attempt") != "1" || !strings.HasPrefix(got.header.Get("Ringback-Job-Id"), "job_") || got.body != `{"body":"{\"ok\":true}","status":200}` && got.body != `{"status":200,"body":"{\"ok\":true}"}` {
		t.Errorf("%+v", got)
	}
	if strings.Contains(p.stderr.String(), "sekret") {
		t.Error("a header's value is in the log")
	}
	var jobs []*client.Job
	again := map[string]string{
		`{"status":503,"body":"busy"}`: "the service answered 503 Service Unavailable: busy",
		`{"status":429}`:               "the service answered 429 Too Many Requests",
		`"break"`:                      "the service cannot be reached",
		`{"status":502}`:               "the service answered 502 Bad Gateway",
	}
	for input := range again {
		jobs = append(jobs, p.submit(input, 2))
	}
	for _, job := range jobs {
		input := string(job.Input)
		job, err := p.customer.GetJob(t.Context(), job.ID, client.GetJobParams{WaitSeconds: 30})
		if err != nil {
			t.Fatal(err)
		}
		want := 2
		if input == `{"status":502}` {
			want = 1
		}
		// Members are in the order in which the API keeps them.
		failure, ok := again[input]
		if !ok {
			failure = again[`{"status":503,"body":"busy"}`]
		}
		if p.check(job, "", failure); job.Attempt != want {
			t.Errorf("%s: %d attempts, want %d", input, job.Attempt, want)
		}
	}
}

func TestWorkerIsUsedWrongly(t *testing.T) {
	for want, args := range map[string]string{
		"`ringback worker run` is no command":  "run",
		"--type is missing":                    "exec -- true",
		"--type \"a b\"":                       "exec --key=rb_x --type=a+b -- true",
		"--key is missing":                     "exec --type=a -- true",
		"the program is missing":               "exec --type=a --key=rb_x",
		"executable file not found":            "exec --type=a --key=rb_x -- no-such-program",
		"--concurrency 0":                      "exec --type=a --key=rb_x --concurrency=0 -- true",
		"--lease 1.5s":                         "exec --type=a --key=rb_x --lease=1500ms -- true",
		"--lease 2h0m0s":                       "http --type=a --key=rb_x --lease=2h --url=http://x",
		"--grace -1s":                          "http --type=a --key=rb_x --grace=-1s --url=http://x",
		"is not a server's address":            "exec --type=a --key=rb_x --server=here -- true",
		"the API key has characters":           "exec --type=a --key=rb+x --server=http://x -- true",
		"--log-level \"loud\"":                 "exec --type=a --key=rb_x --log-level=loud -- true",
		"--url is missing":                     "http --type=a --key=rb_x",
		"--url \"ftp://x\"":                    "http --type=a --key=rb_x --url=ftp://x",
		"--header: it must be":                 "http --type=a --key=rb_x --url=http://x --header=none",
		"--header Host: it cannot be set":      "http --type=a --key=rb_x --url=http://x --header=host:x",
		"the environment variable \"NO_SUCH\"": "http --type=a --key=rb_x --url=http://x --header=A:env:NO_SUCH",
		"takes no arguments, but got":          "http --type=a --key=rb_x --url=http://x more",
		"unknown flag: --frobnify":             "exec --frobnify",
		`--lease "soon": it is a duration`:     "exec --lease=soon",
	} {
		var line []string
		for word := range strings.FieldsSeq(args) {
			line = append(line, strings.ReplaceAll(word, "+", " "))
		}
		status, out, stderr := commandLine(append([]string{"worker"}, line...)...)
		if status != 2 || out != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, printed %q and %q, want %q", args, status, out, stderr, want)
		}
	}
}

func TestWorkerWithAWrongKey(t *testing.T) {
	p := employ(t, "exec", "--type", "a", "--", "true")
	p.check(p.do(`1`), "null", "") // by the right key: the flag counts more than the environment
	status, _, stderr := commandLine("worker", "exec", "--type", "a", "--key", "rb_wrong", "--", "true")
	if status != 1 || !strings.Contains(stderr, "ringback: the worker cannot lease jobs: POST /v1/jobs/lease: 401 Unauthorized") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
