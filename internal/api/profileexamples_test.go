package api_test

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/webhook"
)

// TestProfileExamples verifies the example of every kind of profile as its
// reader would.
func TestProfileExamples(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, shape := range []string{"standard", "unitary", "unitary-flat", "inkit", "sharpapi", "raw"} {
		for i, algorithm := range []string{"hmac-sha256", "hmac-sha512", "hmac-sha1", "ed25519"} {
			encoding, content := []string{"hex", "base64"}[i%2], []string{"body", "timestamp.body", "id.timestamp.body"}[i%3]
			e.get(t, 201, request{Method: "POST /v1/profiles", Body: fmt.Sprintf(
				`{"name":"%s-%s","shape":%q,"header":"x-Acme-Sig","algorithm":%q,"encoding":%q,"content":%q,"prefix":"p="}`, shape, algorithm, shape, algorithm, encoding, content)})
		}
	}
	page := e.get(t, 200, request{Method: "GET /v1/profiles?limit=200"})
	var shown struct {
		Items []struct {
			Name, Owner, Shape, Header, Algorithm, Encoding, Prefix, Content string
			Example                                                          struct {
				Headers      map[string]string
				Body, Secret string
				PublicKey    string `json:"public_key"`
			}
		}
	}
	if err := json.Unmarshal(page.Body, &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.Items) != 7+24 {
		t.Errorf("%d profiles", len(shown.Items))
	}
	for _, p := range shown.Items {
		wire, builtIn := webhook.Lookup(p.Name)
		if !builtIn {
			wire = webhook.Profile{
				Name: p.Name, Shape: webhook.Shape(p.Shape), SignatureHeader: p.Header, Algorithm: webhook.Algorithm(p.Algorithm), Encoding: webhook.Encoding(p.Encoding),
				Prefix: p.Prefix, Content: webhook.Content(p.Content), KeyForm: webhook.KeyText, Layout: webhook.LayoutOne,
			}
			if p.Algorithm == "ed25519" {
				wire.KeyForm = webhook.KeyWhsk
			}
		}
		secret := p.Example.Secret + p.Example.PublicKey // there is one of them
		h := http.Header{}
		for name, value := range p.Example.Headers {
			h.Set(name, value)
		}
		v, err := webhook.NewVerifier(wire, []string{secret}, webhook.Now(func() time.Time { return time.Unix(1767366245, 0) }))
		if err != nil {
			t.Fatal(p.Name, err)
		}
		if got, err := v.Verify(h, []byte(p.Example.Body)); err != nil || got.ID != "msg_069z7c0001r010000000000004" || got.Attempt != 1 {
			t.Errorf("%s: %+v, %v", p.Name, got, err)
		}
		if !json.Valid([]byte(p.Example.Body)) || p.Example.Headers[wire.SignatureHeader] == "" || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %+v", p.Name, p.Example)
		}
	}
}

// TestExampleByHand computes the example that the document shows with nothing
// but HMAC-SHA512, and compares it with what the API answers.
func TestExampleByHand(t *testing.T) {
	t.Parallel()
	e := start(t)
	op := e.api.OpenAPI().Paths["/v1/profiles"].Post
	example := func(m map[string]*huma.MediaType) string {
		text, _ := m["application/json"].Example.(json.RawMessage)
		return string(text)
	}
	documented := &answer{t: t, Body: []byte(example(op.Responses["201"].Content))}
	made := e.get(t, 201, request{Method: "POST /v1/profiles", Body: example(op.RequestBody.Content)})
	for _, member := range []string{"name", "owner", "shape", "header", "algorithm", "encoding", "prefix", "content", "user_agent", "retry_schedule", "include_result", "example"} {
		if got, want := fmt.Sprint(made.value(member)), fmt.Sprint(documented.value(member)); got != want {
			t.Errorf("%s is\n%s, documented\n%s", member, got, want)
		}
	}
	mac := hmac.New(sha512.New, []byte(documented.text("example.secret")))
	fmt.Fprintf(mac, "%s.%s", documented.text("example.headers.webhook-timestamp"), documented.text("example.body"))
	if got, want := documented.text("example.headers.X-Acme-Signature"), "sha512="+base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("the signature is %s, want %s", got, want)
	}
	text, err := os.ReadFile("../../docs/profiles.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), documented.text("example.secret")) {
		t.Error("docs/profiles.md does not name the sample secret")
	}
}

// TestProfileWords compares what the document allows with what there is.
func TestProfileWords(t *testing.T) {
	t.Parallel()
	e := start(t)
	schemas := e.api.OpenAPI().Components.Schemas.Map()
	for member, want := range map[string][]any{
		"shape": {
			string(webhook.ShapeStandard), string(webhook.ShapeUnitary), string(webhook.ShapeUnitaryFlat),
			string(webhook.ShapeInkit), string(webhook.ShapeSharpAPI), string(webhook.ShapeRaw),
		},
		"algorithm": {
			string(webhook.AlgorithmHMACSHA256), string(webhook.AlgorithmHMACSHA512),
			string(webhook.AlgorithmHMACSHA1), string(webhook.AlgorithmEd25519),
		},
		"encoding": {string(webhook.EncodingHex), string(webhook.EncodingBase64)},
		"content":  {string(webhook.ContentBody), string(webhook.ContentIDTimestampBody), string(webhook.ContentTimestampBody)},
	} {
		for _, schema := range []string{"Profile", "ProfileCreation", "ProfileChange"} {
			if got := schemas[schema].Properties[member].Enum; !slices.Equal(got, want) {
				t.Errorf("%s.%s: %v, want %v", schema, member, got, want)
			}
		}
	}
}
