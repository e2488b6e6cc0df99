package body_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// values are JSON values in stable form: objects that have, or look as if they
// had, what composing and parsing look for, and others.
var values = rapid.SampledFrom([]string{
	`{}`, `[]`, `null`, `7`, `"text"`, `{"1":2,"b":1e+21,"a":12345678901234567891}`,
	`{"url":"of the worker"}`, `{"url":7}`, `{"a":{"url":1}}`, `{"error":"no"}`, `{"data":{}}`,
	`{"resource_id":"its own"}`, `{"resource_id":7}`, `{"x":"</script> è 🚀"}`,
	`{"id":"job_1","type":"t","status":"failed"}`,
	`{"id":"ord_1","type":"t","status":"failed","error":"e","created_at":"2026-11-20T12:00:00Z","finished_at":"2026-11-20T12:00:00Z"}`,
})

// everyShape has a profile of each shape.
var everyShape = append(webhook.Profiles(), webhook.Profile{Name: "raw", Shape: webhook.ShapeRaw})

// drawSubject makes a finished job's event or a published one.
func drawSubject(t *rapid.T) *body.Subject {
	// Instants with and without parts of a millisecond, which are cut off.
	at := created.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "time")) * time.Microsecond)
	s := &body.Subject{
		Event: &ringback.Event{
			ID: ringback.NewID(ringback.PrefixEvent, at), CreatedAt: at,
			Type:       rapid.SampledFrom([]string{"job.succeeded", "DOCUMENT_CREATE_FAILED", "a"}).Draw(t, "event type"),
			ResourceID: rapid.String().Draw(t, "resource"),
		},
		URL:           rapid.SampledFrom([]string{"https://a.example/?b=1&c=2", "http://[::1]:80/%20#"}).Draw(t, "url"),
		IncludeResult: rapid.Bool().Draw(t, "include"),
	}
	if rapid.Bool().Draw(t, "published") {
		if rapid.Bool().Draw(t, "with data") {
			s.Event.Data = json.RawMessage(values.Draw(t, "data"))
		}
		return s
	}
	s.Job = &ringback.Job{
		ID: ringback.NewID(ringback.PrefixJob, at), Type: "content_translate", CreatedAt: at, FinishedAt: at.Add(time.Second),
		Status: rapid.SampledFrom([]ringback.JobStatus{ringback.JobSucceeded, ringback.JobFailed, ringback.JobCanceled}).Draw(t, "status"),
		Input:  json.RawMessage(rapid.SampledFrom([]string{`{"url":"https://media.example/è?a=1&b=<2>"}`, `{"url":7}`, `[]`}).Draw(t, "input")),
	}
	if rapid.Bool().Draw(t, "callback") {
		s.Job.CallbackURL = "https://callback.example/?a=<b>"
	}
	switch s.Job.Status {
	case ringback.JobSucceeded:
		if rapid.Bool().Draw(t, "with a result") {
			s.Job.Result = json.RawMessage(values.Draw(t, "result"))
		}
	case ringback.JobFailed:
		s.Job.Error = rapid.String().Draw(t, "error")
	default:
	}
	return s
}

// outcome fills in what became of the subject's job, if there is one.
func outcome(s *body.Subject, e *webhook.Event) {
	switch {
	case s.Job == nil || s.Job.Status == ringback.JobSucceeded:
	case s.Job.Status == ringback.JobCanceled:
		e.Failed, e.Error = true, "canceled"
	default:
		e.Failed, e.Error = true, s.Job.Error
	}
}

// told is what a body of the shape has to tell of the subject. The raw values
// are compared apart.
func told(shape webhook.Shape, s *body.Subject) webhook.Event {
	var e webhook.Event
	resource, uuid, kind := s.Event.ResourceID, ringback.UUID(s.Event.ID), s.Event.Type
	if s.Job != nil {
		uuid, kind = ringback.UUID(s.Job.ID), s.Job.Type
	}
	switch shape {
	case webhook.ShapeStandard:
		e.Type, e.Timestamp = s.Event.Type, s.Event.CreatedAt.UTC().Truncate(time.Millisecond)
		if s.Job == nil {
			e.ResourceID = publishedResource(s.Event)
			return e
		}
		if e.ResourceID = resource; resource == "" {
			e.ResourceID = s.Job.ID
		}
		e.JobID, e.CallbackURL = s.Job.ID, s.Job.CallbackURL
		outcome(s, &e)
	case webhook.ShapeUnitary, webhook.ShapeUnitaryFlat:
		e.JobID, e.CallbackURL = uuid, s.URL
		outcome(s, &e)
	case webhook.ShapeSharpAPI:
		e.JobID, e.Type = uuid, kind
		outcome(s, &e)
	case webhook.ShapeInkit:
		if e.Type, e.ResourceID = s.Event.Type, resource; resource == "" && s.Job != nil {
			e.ResourceID = s.Job.ID
		} else if resource == "" {
			e.ResourceID = s.Event.ID
		}
	case webhook.ShapeRaw: // data alone
	}
	return e
}

// publishedResource is the resource that an event's data names: its own, or
// else the one that was given beside it, if there is room for it.
func publishedResource(ev *ringback.Event) string {
	data := map[string]any{}
	if ev.Data != nil {
		if data = nil; json.Unmarshal(ev.Data, &data) != nil || data == nil {
			return ""
		}
	}
	if own, ok := data["resource_id"]; ok {
		text, _ := own.(string)
		return text
	}
	return ev.ResourceID
}

// result is the raw result that a body of the shape has to hold, nil for none.
func result(shape webhook.Shape, s *body.Subject) json.RawMessage {
	unitary := shape == webhook.ShapeUnitary || shape == webhook.ShapeUnitaryFlat
	value := json.RawMessage(`null`)
	switch {
	case shape == webhook.ShapeInkit, shape == webhook.ShapeRaw, shape == webhook.ShapeStandard && s.Job == nil:
		return nil
	case s.Job != nil && s.Job.Status != ringback.JobSucceeded:
		return nil
	case !s.IncludeResult && unitary:
		return value
	case !s.IncludeResult:
		return nil
	case s.Job == nil && s.Event.Data == nil:
		return json.RawMessage(`{}`)
	case s.Job == nil:
		return s.Event.Data
	case s.Job.Result != nil:
		value = s.Job.Result
	}
	return value
}

// What is sent in any profile, ParseEvent reads as the same facts, and the
// values in it byte for byte.
func TestParseEventReadsWhatComposeWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSubject(t)
		for _, p := range everyShape {
			sent := body.Compose(nil, p.Shape, s)
			got, err := webhook.ParseEvent(p, sent)
			if err != nil {
				t.Fatalf("%s: %v: %s", p.Name, err, sent)
			}
			data, returned := got.Data, got.Result
			got.Data, got.Result = nil, nil
			if diff := cmp.Diff(told(p.Shape, s), got); diff != "" {
				t.Fatalf("%s: %s (-want +got):\n%s", p.Name, sent, diff)
			}
			if want := result(p.Shape, s); !sameResult(p.Shape, s, want, returned) {
				t.Fatalf("%s: the result of %s is %s; want %s", p.Name, sent, returned, want)
			}
			if (p.Shape == webhook.ShapeStandard || p.Shape == webhook.ShapeRaw) != (data != nil) {
				t.Fatalf("%s: the data of %s is %s", p.Name, sent, data)
			}
			if p.Shape == webhook.ShapeRaw && string(data) != string(sent) {
				t.Fatalf("%s: the data of %s is %s", p.Name, sent, data)
			}
			if p.Shape == webhook.ShapeStandard && `,"data":`+string(data)+`}` != string(sent[len(sent)-len(data)-len(`,"data":}`):]) {
				t.Fatalf("%s: the data of %s is %s", p.Name, sent, data)
			}
		}
	})
}

// sameResult allows for the job's url, which the unitary shapes add to a result
// that has none.
func sameResult(shape webhook.Shape, s *body.Subject, want, got json.RawMessage) bool {
	unitary := shape == webhook.ShapeUnitary || shape == webhook.ShapeUnitaryFlat
	if !unitary || s.Job == nil || string(want) == string(got) {
		return string(want) == string(got) && (want == nil) == (got == nil)
	}
	var added, returned, input map[string]any
	if json.Unmarshal(got, &added) != nil || json.Unmarshal(want, &returned) != nil || json.Unmarshal(s.Job.Input, &input) != nil {
		return false
	}
	if _, own := returned["url"]; own || added["url"] != input["url"] {
		return false
	}
	delete(added, "url")
	return cmp.Equal(added, returned)
}
