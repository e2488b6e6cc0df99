package body_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// Secrets and keys of the examples in docs/profiles.md.
const (
	docText  = "test_key"
	docWhsec = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
	docOlder = "whsec_GBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc="
	docWhsk  = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA=="
)

// acme is the custom profile that docs/profiles.md shows, and acmeKeys the same
// with ed25519.
var (
	acme = webhook.Profile{
		Name: "acme", Shape: webhook.ShapeRaw, SignatureHeader: "X-Acme-Signature", Layout: webhook.LayoutOne,
		Algorithm: webhook.AlgorithmHMACSHA512, KeyForm: webhook.KeyText, Encoding: webhook.EncodingBase64,
		Prefix: "sha512=", Content: webhook.ContentIDTimestampBody, UserAgent: "Acme-Hooks/2", Unsigned: true,
	}
	acmeKeys = webhook.Profile{
		Name: "acme-keys", Shape: webhook.ShapeRaw, SignatureHeader: "X-Acme-Signature", Layout: webhook.LayoutOne,
		Algorithm: webhook.AlgorithmEd25519, KeyForm: webhook.KeyWhsk, Encoding: webhook.EncodingHex,
		Content: webhook.ContentTimestampBody,
	}
)

// docSubjects are what the examples tell of: a job that succeeded and one that
// failed, a published event and one about a document.
func docSubjects(t *testing.T) (succeeded, failed, published, document *body.Subject) {
	of := func(event func(*ringback.Event), job *ringback.Job) *body.Subject {
		return &body.Subject{Event: testEvent(t, event), Job: job, URL: "https://receiver.example/hook?file=1.mp4", IncludeResult: true}
	}
	moderated := func(j *ringback.Job) {
		j.Type, j.Input = "moderate_video", []byte(`{"url":"https://media.example/1.mp4"}`)
		j.Result = []byte(`{"policy_categories":[{"name":"ARMS_AMMO","description":"Arms & Ammunition","risk_level":"HIGH"}]}`)
	}
	succeeded = of(nil, testJob(t, moderated))
	failed = of(func(e *ringback.Event) { e.Type = "job.failed" }, testJob(t, func(j *ringback.Job) {
		moderated(j)
		j.Status, j.Result, j.Error = ringback.JobFailed, nil, "Failed to decode video."
	}))
	published = of(func(e *ringback.Event) { e.Type, e.Data = "order.paid", []byte(`{"order":17,"total":11.6}`) }, nil)
	document = of(func(e *ringback.Event) {
		e.Type, e.ResourceID = "DOCUMENT_CREATE_FINISHED", "doc_2N0X2g4f3b1JJU75fqzDZs"
	}, nil)
	return succeeded, failed, published, document
}

// docRequest is a request as docs/profiles.md shows it.
func docRequest(t *testing.T, p webhook.Profile, s *body.Subject, secrets ...string) string {
	t.Helper()
	payload := body.Compose(nil, p.Shape, s)
	h, err := webhook.Sign(p, webhook.Message{
		ID: s.Event.MessageID(), Type: s.Event.Type, UUID: ringback.UUID(s.Event.ID),
		Timestamp: created.Truncate(time.Second).Add(2 * time.Second), Body: payload,
	}, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	agent := h.Get("User-Agent")
	if agent == "" {
		agent = "Ringback/1.0.0"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "POST /hook?file=1.mp4 HTTP/1.1\nHost: receiver.example\nContent-Type: application/json\nContent-Length: %d\n", len(payload))
	fmt.Fprintf(&b, "User-Agent: %s\nwebhook-id: %s\nwebhook-attempt: 1\n", agent, s.Event.MessageID())
	names := []string{webhook.HeaderTimestamp}
	for _, extra := range p.ExtraHeaders {
		names = append(names, extra.Name)
	}
	for _, name := range append(names, p.SignatureHeader) {
		if value := h.Get(name); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	return b.String() + "\n" + string(payload) + "\n"
}

// docs/profiles.md shows for each profile what is sent, to the byte.
func TestProfilesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/profiles.md")
	if err != nil {
		t.Fatal(err)
	}
	succeeded, failed, published, document := docSubjects(t)
	builtIn := func(name string) webhook.Profile {
		p, ok := webhook.Lookup(name)
		if !ok {
			t.Fatalf("no profile %s", name)
		}
		return p
	}
	shown := map[string]int{}
	examples := []struct {
		profile webhook.Profile
		subject *body.Subject
		secrets []string
	}{
		{builtIn("standard"), succeeded, []string{docWhsec}},
		{builtIn("standard"), published, []string{docWhsec, docOlder}},
		{builtIn("standard"), published, []string{docWhsk}},
		{builtIn("unitary"), succeeded, []string{docText}},
		{builtIn("unitary"), failed, []string{docText}},
		{builtIn("unitary-flat"), succeeded, []string{docText}},
		{builtIn("inkit"), document, []string{docText}},
		{builtIn("sharpapi"), succeeded, []string{docText}},
		{builtIn("sharpapi"), failed, nil},
		{builtIn("github"), published, []string{docText}},
		{builtIn("stripe"), published, []string{docText}},
		{acme, published, []string{docText}},
		{acmeKeys, failed, []string{docWhsk}},
	}
	for i, e := range examples {
		shown[e.profile.Name]++
		want := "```http\n" + docRequest(t, e.profile, e.subject, e.secrets...) + "```\n"
		if !strings.Contains(string(text), want) {
			t.Errorf("docs/profiles.md lacks example %d, of %s:\n%s", i, e.profile.Name, want)
		}
	}
	if n := strings.Count(string(text), "```http\n"); n != len(examples) {
		t.Errorf("docs/profiles.md has %d requests, of which %d are tested", n, len(examples))
	}
	for _, p := range webhook.Profiles() {
		if shown[p.Name] == 0 || !strings.Contains(string(text), "\n### `"+p.Name+"`\n") {
			t.Errorf("docs/profiles.md does not show the profile %s", p.Name)
		}
	}
	for _, p := range []webhook.Profile{acme, acmeKeys} {
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	}
	for _, secret := range []string{docText, docWhsec, docOlder, docWhsk} {
		if !strings.Contains(string(text), "`"+secret+"`") {
			t.Errorf("docs/profiles.md does not name the secret %s", secret)
		}
	}
}
