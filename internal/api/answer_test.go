package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// checkAnswer checks an answer against the document: its status is one that the
// operation names, and its body matches the schema of that status.
func checkAnswer(t *testing.T, doc *huma.OpenAPI, r *http.Request, a *answer) {
	t.Helper()
	seen.answer(r, a)
	name := r.Method + " " + r.URL.EscapedPath()
	if a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: no X-Content-Type-Options", name)
	}
	if strings.HasPrefix(r.URL.Path, "/v1/") && a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: Cache-Control is %q", name, a.Header.Get("Cache-Control"))
	}
	op := findOperation(doc, r.Method, r.URL.EscapedPath())
	if op == nil {
		checkUnrouted(t, doc, r, a)
		return
	}
	response := op.Responses[strconv.Itoa(a.Status)]
	if response == nil {
		t.Errorf("%s: status %d is not documented for %s: %s", name, a.Status, op.OperationID, a.Body)
		return
	}
	if a.Status == http.StatusNoContent {
		if len(a.Body) > 0 {
			t.Errorf("%s: 204 with a body: %s", name, a.Body)
		}
		return
	}
	contentType, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	media := response.Content[contentType]
	if err != nil || media == nil {
		t.Errorf("%s: %d with Content-Type %q", name, a.Status, a.Header.Get("Content-Type"))
		return
	}
	if r.Method != http.MethodHead {
		checkSchema(t, name, doc, media.Schema, a.Body)
	}
	if a.Status >= 400 {
		checkProblem(t, name, a)
		code := a.text("code")
		if _, ok := media.Examples[code]; !ok {
			t.Errorf("%s: the code %q is not documented for %s", name, code, op.OperationID)
		}
	}
}

func checkUnrouted(t *testing.T, doc *huma.OpenAPI, r *http.Request, a *answer) {
	t.Helper()
	switch {
	case r.URL.Path == "/openapi.json" && a.Status == 200:
	case r.URL.Path == "/docs" && (a.Status == 200 || a.Status == 304):
	case a.Status != 404 && a.Status != 405:
		t.Errorf("%s %s: no operation, but status %d", r.Method, r.URL, a.Status)
	case r.Method != http.MethodHead:
		checkSchema(t, r.URL.String(), doc, doc.Components.Schemas.Map()["Problem"], a.Body)
		checkProblem(t, r.URL.String(), a)
	}
}

// checkProblem checks what the schema of problems does not say.
func checkProblem(t *testing.T, name string, a *answer) {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: Content-Type %q", name, got)
	}
	if a.text("title") != http.StatusText(a.Status) || a.value("status") != json.Number(strconv.Itoa(a.Status)) || a.text("type") != "about:blank" {
		t.Errorf("%s: not the problem of status %d: %s", name, a.Status, a.Body)
	}
	if a.text("detail") == "" {
		t.Errorf("%s: no detail: %s", name, a.Body)
	}
	if a.text("field") != a.text("errors.0.field") {
		t.Errorf("%s: field is not the first of errors: %s", name, a.Body)
	}
	if retry := a.Header.Get("Retry-After"); (a.Status == 429 || a.Status == 503) != (retry != "") || retry == "0" {
		t.Errorf("%s: status %d with Retry-After %q", name, a.Status, retry)
	}
	if challenge := a.Header.Get("WWW-Authenticate"); (a.Status == 401) != (challenge == "Bearer") {
		t.Errorf("%s: status %d with WWW-Authenticate %q", name, a.Status, challenge)
	}
}

func checkSchema(t *testing.T, name string, doc *huma.OpenAPI, schema *huma.Schema, text []byte) {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Errorf("%s: %v: %s", name, err, text)
		return
	}
	v = floats(v)
	result := &huma.ValidateResult{}
	huma.Validate(doc.Components.Schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, result)
	for _, err := range result.Errors {
		t.Errorf("%s: %v in %s", name, err, text)
	}
	checkTimes(t, name, "", v)
}

// floats makes numbers what huma.Validate takes them for.
func floats(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = floats(member)
		}
	case []any:
		for i, item := range v {
			v[i] = floats(item)
		}
	case json.Number:
		f, _ := v.Float64() // infinite if it is too large
		return f
	}
	return v
}

// checkTimes checks that times are in UTC and written so.
func checkTimes(t *testing.T, path, name string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if name != "input" && name != "result" && name != "metadata" {
				checkTimes(t, path+"."+name, name, member)
			}
		}
	case []any:
		for _, item := range v {
			checkTimes(t, path, name, item)
		}
	case string:
		if !strings.HasSuffix(name, "_at") && name != "failing_since" {
			return
		}
		if at, err := time.Parse(time.RFC3339, v); err != nil || !strings.HasSuffix(v, "Z") || at.Year() < 2000 {
			t.Errorf("%s: %q is no time", path, v)
		}
	}
}

// findOperation finds what a request is documented as, or nil.
func findOperation(doc *huma.OpenAPI, method, path string) *huma.Operation {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var found *huma.Operation
	for template, item := range doc.Paths {
		op := operationOf(item, method)
		if op == nil || !matches(template, path) {
			continue
		}
		if found == nil || !strings.Contains(template, "{") {
			found = op
		}
	}
	return found
}

func operationOf(item *huma.PathItem, method string) *huma.Operation {
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		http.MethodPut: item.Put,
	}[method]
}

func matches(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		have[i], _ = url.PathUnescape(have[i])
		placeholder := strings.HasPrefix(want[i], "{") && have[i] != ""
		if want[i] != have[i] && !placeholder {
			return false
		}
	}
	return true
}

// seen collects what all tests of the run got to see.
var seen = &witness{secrets: map[string]bool{}}

type witness struct {
	mu      sync.Mutex
	secrets map[string]bool
	answers []witnessed
}

type witnessed struct {
	request string
	body    []byte
}

// secret notes a text that no answer may show.
func (w *witness) secret(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets[text] = true
}

// answer notes an answer. Those that are for showing a secret teach it.
func (w *witness) answer(r *http.Request, a *answer) {
	path := r.URL.Path
	reveals := a.Status == 201 || a.Status == 200 && (strings.HasSuffix(path, "/secret") || strings.HasSuffix(path, "/secret/rotate") || strings.HasSuffix(path, "/lease"))
	if reveals {
		for _, member := range []string{"secret", "key", "jobs.0.lease_token", "jobs.1.lease_token"} {
			if text := a.text(member); text != "" {
				w.secret(text)
			}
		}
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = append(w.answers, witnessed{r.Method + " " + r.URL.String(), a.Body})
}

// leaks lists the answers that show a secret.
func (w *witness) leaks() (leaks []string) {
	bodies := make([][]byte, len(w.answers))
	for i, a := range w.answers {
		bodies[i] = a.body
	}
	all := bytes.Join(bodies, nil)
	for secret := range w.secrets {
		if !bytes.Contains(all, []byte(secret)) {
			continue
		}
		for _, a := range w.answers {
			if bytes.Contains(a.body, []byte(secret)) {
				leaks = append(leaks, fmt.Sprintf("%s shows the secret %s: %s", a.request, secret, a.body))
			}
		}
	}
	return leaks
}

func TestMain(m *testing.M) {
	status := m.Run()
	for _, leak := range seen.leaks() {
		fmt.Fprintln(os.Stderr, leak)
		status = 1
	}
	os.Exit(status)
}
