package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/internal/api"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/reference"
	"github.com/ringback/ringback/ringback"
)

var update = flag.Bool("update", false, "write docs/api.md")

// TestAPIDocument compares docs/api.md with the API.
func TestAPIDocument(t *testing.T) {
	t.Parallel()
	const path, command = "../../docs/api.md", "go test ./internal/api -run TestAPIDocument -update"
	want := servedReference(t, start(t)).Markdown()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, want) {
		t.Errorf("docs/api.md is not what the API is; run: %s (%v)", command, err)
	}
}

func servedReference(t *testing.T, e *env) *reference.Reference {
	t.Helper()
	ref, err := reference.Parse(e.get(t, 200, request{Method: "GET /openapi.json", Key: "none"}).Body)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// TestDocs asks for the page as a browser does.
func TestDocs(t *testing.T) {
	t.Parallel()
	e := start(t)
	page := e.get(t, 200, request{Method: "GET /docs", Key: "none"})
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllSubmatch(page.Body, -1)
	if len(style) != 1 {
		t.Fatalf("%d styles", len(style))
	}
	hash := sha256.Sum256(style[0][1])
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8",
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
			"'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Referrer-Policy": "no-referrer",
		"Cache-Control":   "no-cache",
	} {
		if got := page.Header.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	tag := page.Header.Get("ETag")
	if again := e.do(t, withHeader(request{Method: "GET /docs", Key: "none"}, "If-None-Match", tag)); again.Status != 304 || len(again.Body) > 0 {
		t.Errorf("If-None-Match %s: %d with %d bytes", tag, again.Status, len(again.Body))
	}
	if other := start(t, otherVersion).get(t, 200, request{Method: "GET /docs"}); other.Header.Get("ETag") == tag {
		t.Errorf("another version has the same ETag %s", tag)
	}
	head := e.get(t, 200, request{Method: "HEAD /docs", Key: "none"})
	if head.Header.Get("ETag") != tag || head.Header.Get("Content-Length") != fmt.Sprint(len(page.Body)) {
		t.Errorf("HEAD: %v", head.Header)
	}
	part := e.get(t, 200, withHeader(request{Method: "GET /docs", Key: "none"}, "Range", "bytes=9-1"))
	if !bytes.Equal(part.Body, page.Body) {
		t.Error("the page is not served whole")
	}
}

func otherVersion(_ *egress.Config, c *api.Config) { c.Version = "other" }

// TestDocsComplete looks for all that the document has in both documentations.
func TestDocsComplete(t *testing.T) {
	t.Parallel()
	e := start(t)
	page := string(e.get(t, 200, request{Method: "GET /docs", Key: "none"}).Body)
	markdown := string(servedReference(t, e).Markdown())
	e.each(func(method, path string, op *huma.Operation) {
		_, article, _ := strings.Cut(page, `<article id="`+op.OperationID+`">`)
		article, _, _ = strings.Cut(article, "</article>")
		_, section, _ := strings.Cut(markdown, "`"+method+" "+path+"` · `"+op.OperationID+"`")
		section, _, _ = strings.Cut(section, "\n## ")
		section, _, _ = strings.Cut(section, "\n### ")
		want := func(text string) {
			t.Helper()
			if !strings.Contains(article, "<code>"+html.EscapeString(text)+"</code>") {
				t.Errorf("/docs: %s has no %s", op.OperationID, text)
			}
			if !strings.Contains(section, "`"+text+"`") {
				t.Errorf("docs/api.md: %s has no %s", op.OperationID, text)
			}
		}
		if !strings.Contains(article, path) || !strings.Contains(article, html.EscapeString(op.Summary)) {
			t.Errorf("/docs: %s has no path or summary", op.OperationID)
		}
		operators := strings.Contains(op.Description, "For operators' keys only.")
		if operators != strings.Contains(article, "operators’ keys only") || operators != strings.Contains(section, "operators’ keys only") {
			t.Errorf("%s is for operators' keys only: %v", op.OperationID, operators)
		}
		for _, p := range op.Parameters {
			want(p.Name)
		}
		if scopes, ok := op.Extensions["x-ringback-scope"].([]ringback.Scope); ok {
			for _, scope := range scopes {
				want(string(scope))
			}
		}
		if op.RequestBody != nil {
			for _, name := range memberPaths(e.api.OpenAPI().Components.Schemas, op.RequestBody.Content["application/json"].Schema, "") {
				want(name)
			}
		}
		for _, answer := range op.Responses {
			if media := answer.Content["application/problem+json"]; media != nil {
				for code := range media.Examples {
					want(code)
				}
			}
		}
	})
	for _, code := range ringback.Codes() {
		if !strings.Contains(page, `id="error-`+string(code)+`"`) || !strings.Contains(markdown, "| `"+string(code)+"` |") {
			t.Errorf("the tables of errors have no %s", code)
		}
	}
}

// memberPaths lists a schema's members, with what is nested in them.
func memberPaths(schemas huma.Registry, s *huma.Schema, prefix string) (all []string) {
	if s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	if s.Items != nil {
		return memberPaths(schemas, s.Items, strings.TrimSuffix(prefix, ".")+"[].")
	}
	for name, property := range s.Properties {
		all = append(append(all, prefix+name), memberPaths(schemas, property, prefix+name+".")...)
	}
	return all
}

// TestDocsObjects looks for every member of every answer.
func TestDocsObjects(t *testing.T) {
	t.Parallel()
	e := start(t)
	page := string(e.get(t, 200, request{Method: "GET /docs", Key: "none"}).Body)
	markdown := string(servedReference(t, e).Markdown())
	for name, schema := range e.api.OpenAPI().Components.Schemas.Map() {
		if schema.AdditionalProperties != true {
			continue // it is asked for; see TestDocsComplete
		}
		_, object, _ := strings.Cut(page, `id="object-`+name+`">`)
		object, _, _ = strings.Cut(object, "</section>")
		_, section, _ := strings.Cut(markdown, "\n### "+name+"\n")
		section, _, _ = strings.Cut(section, "\n### ")
		for member := range schema.Properties {
			if !strings.Contains(object, "<code>"+member+"</code>") || !strings.Contains(section, "| `"+member+"` |") {
				t.Errorf("%s.%s is not shown", name, member)
			}
		}
	}
}

// TestDocsLinks follows every link within the documentations.
func TestDocsLinks(t *testing.T) {
	t.Parallel()
	e := start(t)
	page := e.get(t, 200, request{Method: "GET /docs", Key: "none"}).Body
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllSubmatch(page, -1) {
		if ids[string(id[1])] {
			t.Errorf("/docs: the id %s is there twice", id[1])
		}
		ids[string(id[1])] = true
	}
	links := regexp.MustCompile(` href="([^"]*)"`).FindAllSubmatch(page, -1)
	for _, link := range links {
		target, within := strings.CutPrefix(string(link[1]), "#")
		if within && !ids[target] || !within && target != "openapi.json" && target != "data:," {
			t.Errorf("/docs: nothing is at %s", link[1])
		}
	}
	markdown := servedReference(t, e).Markdown()
	headings, used := map[string]bool{}, map[string]int{}
	punctuation := regexp.MustCompile(`[^a-z0-9 _-]`)
	for _, heading := range regexp.MustCompile(`(?m)^##* (.*)$`).FindAllSubmatch(markdown, -1) {
		// https://docs.github.com/en/get-started/writing-on-github: section links
		name := strings.ReplaceAll(punctuation.ReplaceAllString(strings.ToLower(string(heading[1])), ""), " ", "-")
		used[name]++
		if n := used[name]; n > 1 {
			name = fmt.Sprintf("%s-%d", name, n-1)
		}
		headings[name] = true
	}
	for _, link := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllSubmatch(markdown, -1) {
		if !headings[string(link[1])] {
			t.Errorf("docs/api.md: nothing is at #%s", link[1])
		}
	}
	if len(links) < 100 || len(headings) < 50 {
		t.Errorf("%d links, %d headings", len(links), len(headings))
	}
}

// TestExampleRequests reads the command lines of the examples.
func TestExampleRequests(t *testing.T) {
	t.Parallel()
	e := start(t)
	bodies := regexp.MustCompile(`(?s) -d '(.*)'$`)
	for _, group := range servedReference(t, e).Groups {
		for i := range group.Operations {
			op := &group.Operations[i]
			if !strings.HasPrefix(op.Request, "curl -s ") || op.Public == strings.Contains(op.Request, "$KEY") {
				t.Errorf("%s: %s", op.ID, op.Request)
			}
			match := bodies.FindStringSubmatch(op.Request)
			if (match != nil) != (len(op.Body) > 0) || match != nil && !json.Valid([]byte(strings.ReplaceAll(match[1], `'\''`, "'"))) {
				t.Errorf("%s: %s", op.ID, op.Request)
			}
		}
	}
}
