package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Event is what a call tells, whatever the shape of its body. Fields that the
// shape does not have are left zero; no field is guessed from another.
//
//	shape         fields from the body
//	standard      Type, Timestamp, Data; ResourceID if Data names one; if Data
//	              is a job: JobID, Failed, Error, Result
//	unitary       JobID, CallbackURL, Failed, and Error or Result
//	unitary-flat  the same
//	inkit         Type, ResourceID
//	sharpapi      JobID, Type (the job's), Failed, Error, Result if included
//	raw           Data, which is the whole body: nothing says what it is about
type Event struct {
	// ID is what to drop duplicates by: the webhook-id header, the same for
	// every retry of an event. "" if it is absent or no message id.
	ID string
	// IDVerified says that the signature covers ID. Otherwise ID is a hint:
	// whoever captured a call can send it again under another one.
	IDVerified bool
	// Attempt is the webhook-attempt header, from 1; 0 if it is absent or
	// unreadable. It never is signed.
	Attempt int

	// Type is the event's type; with the shape sharpapi it is the job's.
	Type string
	// Timestamp is when the event was made, in UTC.
	Timestamp time.Time
	// JobID is the job's id: its UUID, or with the shape standard the form that
	// the API has ("job_…"). Job-shaped bodies of an event that was published
	// without a job have the event's UUID here.
	JobID string
	// ResourceID is what the event is about.
	ResourceID string
	// CallbackURL is the URL that was called, as it was submitted.
	CallbackURL string
	// Failed says that the job did not succeed: it failed or was canceled.
	Failed bool
	// Error says why, for people. A canceled job has the error "canceled".
	Error string
	// Data is the member "data" of the shape standard, or the body of the shape
	// raw, as it was written.
	Data json.RawMessage
	// Result is what the job returned, as it was written: nil if the body has
	// none; null may also stand for a result that is not included.
	Result json.RawMessage
}

// ShapeError is the error of bodies that are not of their profile's shape.
type ShapeError struct {
	Shape Shape
	// Member is the path of the member at fault, e.g. "data.job_id"; "" if the
	// body as a whole is.
	Member string

	message string
}

// Error says what is wrong, without repeating values of the body.
func (e *ShapeError) Error() string {
	subject := e.Member
	if subject == "" {
		subject = "it"
	}
	return fmt.Sprintf("body is not of the shape %s: %s %s", e.Shape, subject, e.message)
}

// ParseEvent reads a body of the profile's shape. The members that the shape
// documents must be there, with their types and once; members that it does not
// know are ignored, since vendors add some. A body that is something else gives
// a [*ShapeError].
//
// ParseEvent checks no signature: give it what a [Verifier] has accepted. It
// leaves ID, IDVerified and Attempt zero, which are in the headers. The event
// shares no memory with body.
func ParseEvent(p Profile, body []byte) (Event, error) {
	f := &fault{shape: p.Shape}
	if !utf8.Valid(body) {
		f.report("", "is not UTF-8")
	}
	if p.Shape == ShapeRaw {
		return readRaw(f, body)
	}
	m := newMembers(f, "", body)
	var e Event
	switch p.Shape {
	case ShapeStandard:
		e = readStandard(m)
	case ShapeUnitary:
		e = readUnitary(m.object("data"))
	case ShapeUnitaryFlat:
		e = readUnitary(m)
	case ShapeInkit:
		e = readInkit(m)
	case ShapeSharpAPI:
		e = readSharpAPI(m)
	default:
		return Event{}, fmt.Errorf("profile has unknown shape %q", p.Shape)
	}
	if f.err != nil {
		return Event{}, f.err
	}
	return e, nil
}

// readRaw takes any JSON value.
func readRaw(f *fault, body []byte) (Event, error) {
	var e Event
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&e.Data); err != nil {
		f.report("", notJSON(err).Error())
	} else if _, err := d.Token(); !errors.Is(err, io.EOF) {
		f.report("", "goes on after the value")
	}
	if f.err != nil {
		return Event{}, f.err
	}
	return e, nil
}

// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-structure
func readStandard(m *members) Event {
	e := Event{Type: m.name("type"), Timestamp: m.time("timestamp"), Data: m.value("data")}
	data := newMembers(new(fault), "", e.Data) // whatever it is, it is no fault
	e.ResourceID = data.optional("resource_id")
	readJob(&e, data)
	return e
}

// readJob reads the outcome if the data is a job as Ringback writes it. What
// merely looks alike (an order with a status, say) is data of another kind.
func readJob(e *Event, data *members) {
	id, status := data.name("id"), data.name("status")
	data.name("type")
	data.time("created_at")
	data.time("finished_at")
	if data.fault.err != nil || !strings.HasPrefix(id, "job_") {
		return
	}
	switch status {
	case "succeeded":
		e.Result = data.values["result"]
	case "failed", "canceled":
		e.Failed, e.Error = true, data.optional("error")
	default:
		return
	}
	e.JobID, e.CallbackURL = id, data.optional("callback_url")
}

// https://docs.unitary.ai/references/webhook_payloads
func readUnitary(m *members) Event {
	e := Event{JobID: m.name("job_id"), CallbackURL: m.text("callback_url"), Failed: m.boolean("is_error")}
	if e.Failed {
		e.Error = m.object("result").text("error")
	} else {
		e.Result = m.value("result")
	}
	return e
}

// https://docs.inkit.com/docs/connecting-webhooks
func readInkit(m *members) Event {
	return Event{Type: m.name("event_type"), ResourceID: m.name("resource_id")}
}

// https://sharpapi.com/en/blog/post/ai-jobs-webhooks-real-time-notifications-for-your-application
func readSharpAPI(m *members) Event {
	e := Event{JobID: m.name("id"), Type: m.name("type")}
	switch m.name("status") {
	case "success":
		e.Result = m.values["result"]
	case "failed":
		e.Failed, e.Error = true, m.optional("error")
	default:
		m.fault.report("status", `is neither "success" nor "failed"`)
	}
	return e
}
