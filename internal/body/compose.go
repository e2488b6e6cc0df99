package body

import (
	"bytes"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// Subject is what a body tells of.
type Subject struct {
	Event *ringback.Event
	Job   *ringback.Job // the finished job whose outcome the event is, or nil
	URL   string        // the URL being called
	// IncludeResult says whether the result of a succeeded job is told. Where a
	// shape has no way to leave it out, it is null then.
	IncludeResult bool
}

// TimeFormat is how bodies write times: RFC 3339, UTC, milliseconds.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// Compose appends the body of a call in the given shape: a pure function of
// its arguments, so that a retry sends the same bytes. The JSON values within
// the subject must be in the form that Stable gives.
func Compose(dst []byte, shape webhook.Shape, s *Subject) []byte {
	dst = slices.Grow(dst, s.about())
	switch shape {
	case webhook.ShapeUnitary:
		dst = append(dst, `{"data":`...)
		dst = appendUnitary(dst, s)
		return append(dst, '}')
	case webhook.ShapeUnitaryFlat:
		return appendUnitary(dst, s)
	case webhook.ShapeInkit:
		dst = append(dst, `{"event_type":`...)
		dst = appendString(dst, s.Event.Type)
		dst = append(dst, `,"resource_id":`...)
		dst = appendString(dst, s.resourceID())
		return append(dst, '}')
	case webhook.ShapeSharpAPI:
		return appendSharpAPI(dst, s)
	case webhook.ShapeRaw:
		return appendStandardData(dst, s)
	case webhook.ShapeStandard:
	}
	dst = append(dst, `{"type":`...)
	dst = appendString(dst, s.Event.Type)
	dst = append(dst, `,"timestamp":`...)
	dst = appendTime(dst, s.Event.CreatedAt)
	dst = append(dst, `,"data":`...)
	dst = appendStandardData(dst, s)
	return append(dst, '}')
}

// about is how long a body is, more or less.
func (s *Subject) about() int {
	const frame = 128
	n := frame + len(s.Event.Type) + len(s.Event.ResourceID) + len(s.Event.Data)
	if s.Job != nil {
		n += 2*frame + len(s.Job.CallbackURL) + len(s.Job.Result) + len(s.Job.Metadata) + len(s.URL)
	}
	return n
}

// appendStandardData writes what the shape standard has as data and the shape
// raw alone.
func appendStandardData(dst []byte, s *Subject) []byte {
	if s.Job != nil {
		return AppendJob(dst, s)
	}
	return appendData(dst, s.Event)
}

// resourceID is what the event is about; the job or the event itself if
// nothing else was named.
func (s *Subject) resourceID() string {
	switch {
	case s.Event.ResourceID != "":
		return s.Event.ResourceID
	case s.Job != nil:
		return s.Job.ID
	default:
		return s.Event.ID
	}
}

// failed says whether the subject is a job that did not succeed, and why.
func (s *Subject) failed() (reason string, failed bool) {
	switch {
	case s.Job == nil || s.Job.Status == ringback.JobSucceeded:
		return "", false
	case s.Job.Status == ringback.JobCanceled:
		return ringback.CanceledError, true
	default:
		return s.Job.Error, true
	}
}

// uuid is the id that job-shaped bodies show.
func (s *Subject) uuid() string {
	if s.Job != nil {
		return ringback.UUID(s.Job.ID)
	}
	return ringback.UUID(s.Event.ID)
}

// result is the result of a succeeded job, or the data of a published event.
func (s *Subject) result() []byte {
	switch {
	case s.Job != nil && s.Job.Result != nil:
		return s.Job.Result
	case s.Job != nil:
		return []byte("null")
	case s.Event.Data != nil:
		return s.Event.Data
	default:
		return []byte("{}")
	}
}

func appendUnitary(dst []byte, s *Subject) []byte {
	dst = append(dst, `{"job_id":`...)
	dst = appendString(dst, s.uuid())
	dst = append(dst, `,"callback_url":`...)
	dst = appendString(dst, s.URL)
	if reason, failed := s.failed(); failed {
		dst = append(dst, `,"is_error":true,"result":{"error":`...)
		dst = appendString(dst, reason)
		return append(dst, "}}"...)
	}
	dst = append(dst, `,"is_error":false,"result":`...)
	switch {
	case !s.IncludeResult:
		dst = append(dst, "null"...)
	case s.Job != nil:
		dst = appendWithMember(dst, s.result(), "url", stringMember(s.Job.Input, "url"))
	default:
		dst = append(dst, s.result()...)
	}
	return append(dst, '}')
}

func appendSharpAPI(dst []byte, s *Subject) []byte {
	reason, failed := s.failed()
	kind, status := s.Event.Type, "success"
	if s.Job != nil {
		kind = s.Job.Type
	}
	if failed {
		status = "failed"
	}
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, s.uuid())
	dst = append(dst, `,"status":`...)
	dst = appendString(dst, status)
	dst = append(dst, `,"type":`...)
	dst = appendString(dst, kind)
	if failed {
		dst = append(dst, `,"error":`...)
		dst = appendString(dst, reason)
	} else if s.IncludeResult {
		dst = append(dst, `,"result":`...)
		dst = append(dst, s.result()...)
	}
	return append(dst, '}')
}

// AppendJob appends the subject's job as the standard shape's data.
func AppendJob(dst []byte, s *Subject) []byte {
	j := s.Job
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, j.ID)
	dst = append(dst, `,"type":`...)
	dst = appendString(dst, j.Type)
	dst = append(dst, `,"status":`...)
	dst = appendString(dst, string(j.Status))
	if reason, failed := s.failed(); failed {
		dst = append(dst, `,"error":`...)
		dst = appendString(dst, reason)
	} else if s.IncludeResult {
		dst = append(dst, `,"result":`...)
		dst = append(dst, s.result()...)
	}
	dst = append(dst, `,"resource_id":`...)
	dst = appendString(dst, s.resourceID())
	if j.CallbackURL != "" {
		dst = append(dst, `,"callback_url":`...)
		dst = appendString(dst, j.CallbackURL)
	}
	if j.Metadata != nil {
		dst = append(dst, `,"metadata":`...)
		dst = append(dst, j.Metadata...)
	}
	dst = append(dst, `,"created_at":`...)
	dst = appendTime(dst, j.CreatedAt)
	dst = append(dst, `,"finished_at":`...)
	dst = appendTime(dst, j.FinishedAt)
	return append(dst, '}')
}

// appendData writes what was published, with the resource id if it was given
// and is not in it.
func appendData(dst []byte, ev *ringback.Event) []byte {
	data := []byte(ev.Data)
	if data == nil {
		data = []byte("{}")
	}
	var id []byte
	if ev.ResourceID != "" {
		id = appendString(nil, ev.ResourceID)
	}
	return appendWithMember(dst, data, "resource_id", id)
}

// appendWithMember writes a value; if it is an object without a member of that
// name, the member is added as the last one. A nil member adds nothing.
func appendWithMember(dst, value []byte, name string, member []byte) []byte {
	if member == nil || !IsObject(value) || lookUp(value, name) != nil {
		return append(dst, value...)
	}
	dst = append(dst, value[:len(value)-1]...)
	if len(value) > len("{}") {
		dst = append(dst, ',')
	}
	dst = appendString(dst, name)
	dst = append(dst, ':')
	dst = append(dst, member...)
	return append(dst, '}')
}

// stringMember gives the string that an object has under the name, as it is
// written, or nil.
func stringMember(object []byte, name string) []byte {
	if v := lookUp(object, name); len(v) > 0 && v[0] == '"' {
		return v
	}
	return nil
}

// lookUp gives the value that a JSON object in stable form has under the name,
// or nil.
func lookUp(object []byte, name string) []byte {
	quoted := appendString(nil, name)
	if !IsObject(object) || !bytes.Contains(object, quoted) {
		return nil
	}
	// The duplicate check is off: it was made when the value came in.
	d := jsontext.NewDecoder(bytes.NewBuffer(object), jsontext.AllowDuplicateNames(true))
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	for d.PeekKind() != '}' {
		member, err := d.ReadValue()
		if err != nil {
			return nil
		}
		found := bytes.Equal(member, quoted)
		value, err := d.ReadValue()
		if err != nil {
			return nil
		}
		if found {
			return bytes.Clone(value)
		}
	}
	return nil
}

// appendString writes a string in the stable form. What is not valid UTF-8 (it
// cannot come in through the API) is replaced by U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = AppendTime(dst, t, 3)
	return append(dst, '"')
}
