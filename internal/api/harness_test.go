package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/api"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/ringback"
)

// env is a server with everything behind it: a real engine on a real store.
// It has two accounts; requests act for the first unless they say otherwise.
type env struct {
	t      testing.TB
	engine *engine.Engine
	api    *api.API
	store  *faulty
	server *httptest.Server

	operator string // the text of an operator's key
	one, two account
	log      *bytes.Buffer // of the API; read it only when nothing runs
}

type account struct {
	id, key string
	worker  string // the text of a key with jobs:work
}

type option func(*egress.Config, *api.Config)

// strict makes the server refuse http and private addresses.
func strict(e *egress.Config, _ *api.Config) { *e = egress.Config{} }

func start(t testing.TB, options ...option) *env {
	t.Helper()
	egressConfig := egress.Config{AllowHTTP: true, AllowPrivate: true}
	e := &env{t: t, log: &bytes.Buffer{}}
	apiConfig := api.Config{Version: "test", Log: slog.New(slog.NewTextHandler(e.log, nil))}
	for _, o := range options {
		o(&egressConfig, &apiConfig)
	}
	sealer, err := seal.New(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir(), Sealer: sealer, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	node, err := nodes.Join(t.Context(), db, "test")
	if err != nil {
		t.Fatal(err)
	}
	e.store = &faulty{Store: db, attempts: make(chan string, 100), idle: make(chan struct{}, 100)}
	e.engine = engine.New(engine.Config{
		Store: e.store, Node: node, Egress: egress.New(egressConfig), Log: quiet, UserAgent: "Ringback/test",
	})
	e.api = api.New(e.engine, apiConfig)
	e.server = httptest.NewServer(e.api.Handler())
	running, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- e.engine.Run(running) }()
	t.Cleanup(func() {
		e.server.Close()
		stop()
		if err := errors.Join(<-ran, db.Close()); err != nil {
			t.Error(err)
		}
	})
	e.populate()
	return e
}

// populate makes the operator's key, and two accounts with keys.
func (e *env) populate() {
	e.operator = e.newKey("")
	for _, a := range []*account{&e.one, &e.two} {
		made, err := e.engine.CreateAccount(e.t.Context(), engine.CreateAccountParams{Name: "Account"})
		if err != nil {
			e.t.Fatal(err)
		}
		seen.secret(made.Secret)
		a.id = made.ID
		a.key = e.newKey(a.id)
		a.worker = e.newKey(a.id, ringback.Scopes()...)
	}
}

// newKey makes a key and gives its text; without scopes it has the default ones.
func (e *env) newKey(accountID string, scopes ...ringback.Scope) string {
	e.t.Helper()
	p := engine.CreateKeyParams{AccountID: accountID, Name: "test"}
	for _, s := range scopes {
		p.Scopes = append(p.Scopes, string(s))
	}
	_, text, err := e.engine.CreateKey(e.t.Context(), p)
	if err != nil {
		e.t.Fatal(err)
	}
	seen.secret(text)
	return text
}

// request is a request of a test. Key "" is the first account's key, "none" no
// key at all.
type request struct {
	Method, Path string // "POST /v1/jobs" may stand in Method alone
	Key          string
	Header       map[string]string
	Body         string
	Type         string // of the body; "" = application/json
}

// answer is what came back.
type answer struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   []byte
}

// do sends a request and checks what must be true of every answer.
func (e *env) do(t *testing.T, q request) *answer {
	t.Helper()
	if method, path, ok := strings.Cut(q.Method, " "); ok {
		q.Method, q.Path = method, path
	}
	r, err := http.NewRequestWithContext(t.Context(), q.Method, e.server.URL+q.Path, strings.NewReader(q.Body))
	if err != nil {
		t.Fatal(err)
	}
	if q.Body == "" {
		r.Body, r.ContentLength = nil, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.Type != "" {
		r.Header.Set("Content-Type", q.Type)
	}
	switch q.Key {
	case "none":
	case "":
		r.Header.Set("Authorization", "Bearer "+e.one.key)
	default:
		r.Header.Set("Authorization", "Bearer "+q.Key)
	}
	for name, value := range q.Header {
		r.Header.Set(name, value)
	}
	return e.send(t, r)
}

func (e *env) send(t *testing.T, r *http.Request) *answer {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r) // follows no redirects
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	a := &answer{t: t, Status: resp.StatusCode, Header: resp.Header, Body: body}
	checkAnswer(t, e.api.OpenAPI(), r, a)
	return a
}

// get sends a request that must succeed with the status.
func (e *env) get(t *testing.T, status int, q request) *answer {
	t.Helper()
	a := e.do(t, q)
	if a.Status != status {
		t.Fatalf("%s %s: status %d, want %d: %s", q.Method, q.Path, a.Status, status, a.Body)
	}
	return a
}

// value gives a member of the answer, by its path: "jobs.0.id".
func (a *answer) value(path string) any {
	a.t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i := int(name[0] - '0')
			if i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// text gives a member that is a string, or "".
func (a *answer) text(path string) string {
	a.t.Helper()
	s, _ := a.value(path).(string)
	return s
}

// job submits a job of the first account and gives its id.
func (e *env) job(t *testing.T, jobType string) string {
	t.Helper()
	return e.get(t, 202, request{Method: "POST /v1/jobs", Body: `{"type":"` + jobType + `","input":{}}`}).text("id")
}

// lease takes a job of that type and gives its token.
func (e *env) lease(t *testing.T, jobType string) (id, token string) {
	t.Helper()
	a := e.get(t, 200, request{
		Method: "POST /v1/jobs/lease", Key: e.one.worker, Body: `{"types":["` + jobType + `"],"wait_seconds":30}`,
	})
	return a.text("jobs.0.id"), a.text("jobs.0.lease_token")
}
