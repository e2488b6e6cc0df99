package engine

import (
	"fmt"
	"time"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// ProfileExample is a call in a profile, for those who write a receiver.
type ProfileExample struct {
	// Headers are the call's own and the profile's, by their names on the wire.
	Headers map[string]string
	Body    string
	// Secret signed it; "" with ed25519, where PublicKey verifies it.
	Secret    string
	PublicKey string
}

// Samples that everybody can know: they sign examples and nothing else.
const (
	sampleSecret = "sample-secret-of-an-example"
	sampleWhsec  = "whsec_c2FtcGxlLXNlY3JldC1vZi1hbi1leGFtcGxl"                                                    // the base64 of it
	sampleWhsk   = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA==" // the seed counts from 0
)

// sampleAt is when the example's event was made, and the call signed.
var sampleAt = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// sampleSubject is what the example tells of: a job that succeeded.
func sampleSubject(includeResult bool) *body.Subject {
	const id = "_069z7c0001r010000000000004"
	return &body.Subject{
		Event: &ringback.Event{
			ID: ringback.PrefixEvent + id, Type: ringback.EventJobSucceeded,
			JobID: ringback.PrefixJob + id, CreatedAt: sampleAt,
		},
		Job: &ringback.Job{
			ID: ringback.PrefixJob + id, Type: "content_translate", Status: ringback.JobSucceeded,
			Input: []byte(`{"text":"hello"}`), Result: []byte(`{"content":"ciao"}`),
			CreatedAt: sampleAt.Add(-2 * time.Second), FinishedAt: sampleAt,
		},
		URL: "https://customer.example/hook", IncludeResult: includeResult,
	}
}

// Example makes the profile's call of a fixed event.
func (p *Profile) Example() (*ProfileExample, error) {
	s := sampleSubject(p.IncludeResult)
	payload := body.Compose(nil, p.Shape, s)
	x := &ProfileExample{Body: string(payload), Secret: sampleSecret}
	signing := sampleSecret
	switch p.KeyForm {
	case webhook.KeyWhsec:
		x.Secret, signing = sampleWhsec, sampleWhsec
	case webhook.KeyWhsk:
		k, _ := PublicKeyOf(sampleWhsk)
		x.Secret, x.PublicKey, signing = "", k.Text, sampleWhsk
	case webhook.KeyText:
	}
	h, err := webhook.Sign(p.Profile, webhook.Message{
		ID: s.Event.MessageID(), Type: s.Event.Type, UUID: ringback.UUID(s.Event.ID), Timestamp: sampleAt, Body: payload,
	}, signing)
	if err != nil {
		return nil, fmt.Errorf("the example of the profile %s: %w", p.Name, err)
	}
	x.Headers = map[string]string{
		"Content-Type": "application/json", webhook.HeaderID: s.Event.MessageID(), webhook.HeaderAttempt: "1",
	}
	for _, name := range p.wireHeaders() {
		if value := h.Get(name); value != "" {
			x.Headers[name] = value
		}
	}
	return x, nil
}

// wireHeaders are the headers that a profile can set, as they are written.
func (p *Profile) wireHeaders() []string {
	names := []string{webhook.HeaderTimestamp, "User-Agent", p.SignatureHeader}
	for _, extra := range p.ExtraHeaders {
		names = append(names, extra.Name)
	}
	return names
}
