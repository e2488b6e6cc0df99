package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/skip"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// snippet gives the README's code in a language.
func snippet(t *testing.T, language string) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(found) != 1 {
		t.Fatalf("the README has %d snippets in %s", len(found), language)
	}
	return string(found[0][1])
}

// signedCall is a call as a receiver sees it.
type signedCall struct {
	Body    string            `json:"body"`
	Headers map[string]string `json:"headers"`
	Secret  string            `json:"secret"`
}

// sign makes a genuine call.
func sign(t *testing.T, profile, secret string, at time.Time) signedCall {
	t.Helper()
	p, ok := webhook.Lookup(profile)
	if !ok {
		t.Fatalf("no profile %q", profile)
	}
	body := `{"type":"a","timestamp":"2026-11-20T12:00:00.000Z","data":{"text":"ciao è 你好 🚀 <b>&</b>"}}`
	h, err := webhook.Sign(p, webhook.Message{ID: "msg_1", Timestamp: at, Body: []byte(body)}, secret)
	if err != nil {
		t.Fatal(err)
	}
	call := signedCall{Body: body, Headers: make(map[string]string), Secret: secret}
	for name := range h {
		call.Headers[strings.ToLower(name)] = h.Get(name)
	}
	return call
}

// goReceiver is a program around the README's receiver, which serves one call.
func goReceiver(code string) string {
	return `package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/ringback/ringback/webhook"
)

func serve(secret string) error {
` + code + `
	return nil
}

func main() {
	var c struct {
		Body, Secret string
		Headers map[string]string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		log.Fatal(err)
	}
	if err := serve(c.Secret); err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(c.Body))
	for name, value := range c.Headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	http.DefaultServeMux.ServeHTTP(w, r)
	if w.Code != http.StatusNoContent && w.Code != http.StatusUnauthorized {
		log.Fatal(w.Code, w.Body)
	}
	fmt.Println(w.Code == http.StatusNoContent)
}
`
}

// The README's receivers accept genuine calls and refuse all others.
func TestReadmeSnippets(t *testing.T) {
	for _, c := range []struct {
		language, profile, secret string
		command                   []string
		program                   func(code string) string
	}{
		{
			"python", "unitary", "test_key", []string{"python3", "-c"},
			func(code string) string {
				return code + `
import json, sys
c = json.load(sys.stdin)
print(verified(c["body"].encode(), c["headers"].get("x-hub-signature-256", ""), c["secret"]))
`
			},
		},
		{
			"js", "standard", webhook.GenerateSecret(), []string{"node", "-e"},
			func(code string) string {
				return code + `
const c = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
console.log(verified(Buffer.from(c.body), c.headers, c.secret));
`
			},
		},
		{
			"php", "sharpapi", "test_key", []string{"php", "-r"},
			func(code string) string {
				return `
$c = json_decode(file_get_contents('php://stdin'), true);
$secret = $c['secret'];
$_SERVER['HTTP_X_SIGNATURE'] = $c['headers']['x-signature'] ?? '';
` + strings.Replace(code, `file_get_contents('php://input')`, `$c['body']`, 1) + "\necho 'true';\n"
			},
		},
		{
			"go", "standard", webhook.GenerateSecret(), []string{"go", "run"},
			func(code string) string {
				path := filepath.Join(t.TempDir(), "main.go")
				if err := os.WriteFile(path, []byte(goReceiver(code)), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			},
		},
	} {
		t.Run(c.language, func(t *testing.T) {
			if _, err := exec.LookPath(c.command[0]); err != nil {
				skip.Test(t, c.command[0]+" is not installed")
			}
			program := c.program(snippet(t, c.language))
			verified := func(call signedCall) bool {
				t.Helper()
				in, err := json.Marshal(call)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(c.command[0], c.command[1], program)
				cmd.Stdin = bytes.NewReader(in)
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%v: %s", err, stderr.String())
				}
				return strings.EqualFold(strings.TrimSpace(string(out)), "true")
			}
			now := time.Now()
			genuine := sign(t, c.profile, c.secret, now)
			if !verified(genuine) {
				t.Error("a genuine call is refused")
			}
			tampered := genuine
			tampered.Body = strings.Replace(genuine.Body, "ciao", "caio", 1)
			if verified(tampered) {
				t.Error("a tampered call is accepted")
			}
			wrong := genuine
			wrong.Secret = webhook.GenerateSecret()
			if verified(wrong) {
				t.Error("a call with another secret is accepted")
			}
			if c.profile == "standard" {
				if verified(sign(t, c.profile, c.secret, now.Add(-time.Hour))) {
					t.Error("a late call is accepted")
				}
			}
			missing := genuine
			missing.Headers = map[string]string{}
			if verified(missing) {
				t.Error("a call without a signature is accepted")
			}
		})
	}
}

// The README lists every error code.
func TestReadmeListsTheErrors(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range ringback.Codes() {
		contains(t, string(readme), "`"+string(code)+"`")
	}
}

// The README lists every profile.
func TestReadmeListsTheProfiles(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range webhook.Profiles() {
		contains(t, string(readme), "| `"+p.Name+"` ", p.SignatureHeader)
	}
}
