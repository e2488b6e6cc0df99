package webhook

import (
	stdcmp "cmp"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	testUUID   = "b98d467c-01df-43e9-8a03-d3c92ab71a17"
	testJob    = `"id":"job_01","type":"content_translate","status":"succeeded"`
	testTimes  = `"created_at":"2026-11-20T12:00:00.123Z","finished_at":"2026-11-20T12:00:01.123Z"`
	testCalled = "https://a.example/?b=1&c=<d>"
)

var testTime = time.Date(2026, 11, 20, 12, 0, 0, 123_000_000, time.UTC)

func standardBody(data string) string {
	return `{"type":"order.paid","timestamp":"2026-11-20T12:00:00.123Z","data":` + data + `}`
}

func standardEvent(data string, change func(*Event)) Event {
	e := Event{Type: "order.paid", Timestamp: testTime, Data: json.RawMessage(data)}
	if change != nil {
		change(&e)
	}
	return e
}

// eventCases are bodies with the event that they tell, or with the end of the
// error that says why they tell none.
var eventCases = []struct {
	name  string
	shape Shape
	body  string
	want  Event
	err   string
}{
	{name: "published", shape: ShapeStandard, body: standardBody(`{"a": 1.0}`), want: standardEvent(`{"a": 1.0}`, nil)},
	{name: "published about a resource", shape: ShapeStandard, body: standardBody(`{"resource_id":"r"}`),
		want: standardEvent(`{"resource_id":"r"}`, func(e *Event) { e.ResourceID = "r" })},
	{name: "published with a resource id of its own", shape: ShapeStandard, body: standardBody(`{"resource_id":7}`), want: standardEvent(`{"resource_id":7}`, nil)},
	{name: "data of any kind", shape: ShapeStandard, body: standardBody(`[1,"é"]`), want: standardEvent(`[1,"é"]`, nil)},
	{name: "data null", shape: ShapeStandard, body: standardBody(`null`), want: standardEvent(`null`, nil)},
	{name: "unknown members and white space", shape: ShapeStandard,
		body: " {\n\"id\":1,\"DATA\":2,\"Type\":3,\"type\":\"a\",\t\"data\":{},\"timestamp\":\"2026-11-20T13:00:00.123+01:00\"}\r\n",
		want: Event{Type: "a", Timestamp: testTime, Data: json.RawMessage(`{}`)}},
	{name: "a job", shape: ShapeStandard,
		body: standardBody(`{` + testJob + `,"result":{"n":11.6},"resource_id":"doc_1","callback_url":"` + testCalled + `","metadata":{},` + testTimes + `}`),
		want: standardEvent(`{`+testJob+`,"result":{"n":11.6},"resource_id":"doc_1","callback_url":"`+testCalled+`","metadata":{},`+testTimes+`}`, func(e *Event) {
			e.JobID, e.ResourceID, e.CallbackURL, e.Result = "job_01", "doc_1", testCalled, json.RawMessage(`{"n":11.6}`)
		})},
	{name: "a canceled job", shape: ShapeStandard,
		body: standardBody(`{"id":"job_01","type":"t","status":"canceled","error":"canceled",` + testTimes + `}`),
		want: standardEvent(`{"id":"job_01","type":"t","status":"canceled","error":"canceled",`+testTimes+`}`, func(e *Event) {
			e.JobID, e.Failed, e.Error = "job_01", true, "canceled"
		})},
	{name: "an order, not a job", shape: ShapeStandard, body: standardBody(`{"id":"ord_1","type":"t","status":"failed","error":"x",` + testTimes + `}`),
		want: standardEvent(`{"id":"ord_1","type":"t","status":"failed","error":"x",`+testTimes+`}`, nil)},
	{name: "a job that is not finished", shape: ShapeStandard, body: standardBody(`{"id":"job_1","type":"t","status":"running",` + testTimes + `}`),
		want: standardEvent(`{"id":"job_1","type":"t","status":"running",`+testTimes+`}`, nil)},
	{name: "a job without times", shape: ShapeStandard, body: standardBody(`{` + testJob + `}`), want: standardEvent(`{`+testJob+`}`, nil)},
	{name: "no type", shape: ShapeStandard, body: `{"timestamp":"2026-11-20T12:00:00Z","data":{}}`, err: "type is missing"},
	{name: "no timestamp", shape: ShapeStandard, body: `{"type":"a","data":{}}`, err: "timestamp is missing"},
	{name: "no data", shape: ShapeStandard, body: `{"type":"a","timestamp":"2026-11-20T12:00:00Z"}`, err: "data is missing"},
	{name: "a time of day", shape: ShapeStandard, body: `{"type":"a","timestamp":"12:00","data":{}}`, err: "timestamp is not a time as RFC 3339 has it"},
	{name: "a time in seconds", shape: ShapeStandard, body: `{"type":"a","timestamp":1732104000,"data":{}}`, err: "timestamp is a number, not a string"},
	{name: "empty type", shape: ShapeStandard, body: `{"type":"","timestamp":"2026-11-20T12:00:00Z","data":{}}`, err: "type is empty"},
	{name: "names in another case", shape: ShapeStandard, body: `{"Type":"a","Timestamp":"2026-11-20T12:00:00Z","Data":{}}`, err: "type is missing"},
	{name: "a member twice", shape: ShapeStandard, body: `{"type":"a","type":"b","timestamp":"2026-11-20T12:00:00Z","data":{}}`, err: ": it has a member twice"},
	{name: "empty", shape: ShapeStandard, body: ``, err: "it is not JSON: it ends too early"},
	{name: "cut off", shape: ShapeStandard, body: standardBody(`{}`)[:30], err: "it is not JSON: it ends too early"},
	{name: "no JSON", shape: ShapeStandard, body: `type=a&data=b`, err: "it is not JSON: invalid character 'y' in literal true (expecting 'r')"},
	{name: "two values", shape: ShapeStandard, body: standardBody(`{}`) + `{}`, err: "it goes on after the object"},
	{name: "an array", shape: ShapeStandard, body: `[` + standardBody(`{}`) + `]`, err: "it is an array, not an object"},
	{name: "null", shape: ShapeStandard, body: `null`, err: "it is null, not an object"},
	{name: "no UTF-8", shape: ShapeStandard, body: standardBody("\"\xff\""), err: "it is not UTF-8"},
	{name: "nested too deeply", shape: ShapeStandard, body: standardBody(strings.Repeat("[", 20_000)), err: "exceeded max depth"},

	{name: "success", shape: ShapeUnitary, body: `{"data":{"job_id":"` + testUUID + `","callback_url":"` + testCalled + `","is_error":false,"result":{"n":11.60}}}`,
		want: Event{JobID: testUUID, CallbackURL: testCalled, Result: json.RawMessage(`{"n":11.60}`)}},
	{name: "failure", shape: ShapeUnitary, body: `{"data":{"job_id":"` + testUUID + `","callback_url":"u","is_error":true,"result":{"error":"Failed to decode video.","code":1}},"v":2}`,
		want: Event{JobID: testUUID, CallbackURL: "u", Failed: true, Error: "Failed to decode video."}},
	{name: "result not included", shape: ShapeUnitary, body: `{"data":{"job_id":"1","callback_url":"","is_error":false,"result":null}}`,
		want: Event{JobID: "1", Result: json.RawMessage(`null`)}},
	{name: "the flat form", shape: ShapeUnitary, body: `{"job_id":"1","callback_url":"u","is_error":false,"result":null}`, err: "data is missing"},
	{name: "data a string", shape: ShapeUnitary, body: `{"data":"{}"}`, err: "data is a string, not an object"},
	{name: "no job", shape: ShapeUnitary, body: `{"data":{"callback_url":"u","is_error":false,"result":null}}`, err: "data.job_id is missing"},
	{name: "is_error a string", shape: ShapeUnitary, body: `{"data":{"job_id":"1","callback_url":"u","is_error":"false","result":null}}`, err: "data.is_error is a string, not a boolean"},
	{name: "no result", shape: ShapeUnitary, body: `{"data":{"job_id":"1","callback_url":"u","is_error":false}}`, err: "data.result is missing"},
	{name: "an error of another kind", shape: ShapeUnitary, body: `{"data":{"job_id":"1","callback_url":"u","is_error":true,"result":"bad"}}`, err: "data.result is a string, not an object"},
	{name: "no error", shape: ShapeUnitary, body: `{"data":{"job_id":"1","callback_url":"u","is_error":true,"result":{}}}`, err: "data.result.error is missing"},
	{name: "a member twice within", shape: ShapeUnitary, body: `{"data":{"job_id":"1","job_id":"2"}}`, err: ": data has a member twice"},

	{name: "success", shape: ShapeUnitaryFlat, body: `{"job_id":"1","callback_url":"u","is_error":false,"result":[]}`,
		want: Event{JobID: "1", CallbackURL: "u", Result: json.RawMessage(`[]`)}},
	{name: "the form with data", shape: ShapeUnitaryFlat, body: `{"data":{"job_id":"1","callback_url":"u","is_error":false,"result":[]}}`, err: "shape unitary-flat: job_id is missing"},
	{name: "job_id a number", shape: ShapeUnitaryFlat, body: `{"job_id":1}`, err: "job_id is a number, not a string"},

	{name: "a document", shape: ShapeInkit, body: `{"event_type":"DOCUMENT_CREATE_FINISHED","resource_id":"doc_1","more":[]}`,
		want: Event{Type: "DOCUMENT_CREATE_FINISHED", ResourceID: "doc_1"}},
	{name: "no resource", shape: ShapeInkit, body: `{"event_type":"DOCUMENT_DELETED"}`, err: "resource_id is missing"},
	{name: "no type", shape: ShapeInkit, body: `{"event_type":null,"resource_id":"doc_1"}`, err: "event_type is null, not a string"},

	{name: "success", shape: ShapeSharpAPI, body: `{"id":"1","status":"success","type":"content_translate"}`,
		want: Event{JobID: "1", Type: "content_translate"}},
	{name: "with the result", shape: ShapeSharpAPI, body: `{"id":"1","status":"success","type":"t","result":null}`,
		want: Event{JobID: "1", Type: "t", Result: json.RawMessage(`null`)}},
	{name: "failure", shape: ShapeSharpAPI, body: `{"id":"1","status":"failed","type":"t","error":"\u00e9 <b>"}`,
		want: Event{JobID: "1", Type: "t", Failed: true, Error: "é <b>"}},
	{name: "failure without a reason", shape: ShapeSharpAPI, body: `{"id":"1","status":"failed","type":"t"}`,
		want: Event{JobID: "1", Type: "t", Failed: true}},
	{name: "another status", shape: ShapeSharpAPI, body: `{"id":"1","status":"pending","type":"t"}`, err: `status is neither "success" nor "failed"`},
	{name: "no status", shape: ShapeSharpAPI, body: `{"id":"1","type":"t"}`, err: "status is missing"},
	{name: "an object", shape: ShapeRaw, body: ` {"type":"t","resource_id":"r","a":1.0}` + "\n", want: Event{Data: json.RawMessage(`{"type":"t","resource_id":"r","a":1.0}`)}},
	{name: "a job", shape: ShapeRaw, body: `{` + testJob + `,` + testTimes + `}`, want: Event{Data: json.RawMessage(`{` + testJob + `,` + testTimes + `}`)}},
	{name: "null", shape: ShapeRaw, body: `null`, want: Event{Data: json.RawMessage(`null`)}},
	{name: "a number", shape: ShapeRaw, body: `12345678901234567891`, want: Event{Data: json.RawMessage(`12345678901234567891`)}},
	{name: "empty", shape: ShapeRaw, body: ``, err: "it is not JSON: it ends too early"},
	{name: "cut off", shape: ShapeRaw, body: `{"a":`, err: "it is not JSON: it ends too early"},
	{name: "no JSON", shape: ShapeRaw, body: `a=b`, err: "it is not JSON: invalid character 'a' looking for beginning of value"},
	{name: "two values", shape: ShapeRaw, body: `{}{}`, err: "it goes on after the value"},
	{name: "more behind", shape: ShapeRaw, body: `{}]`, err: "it goes on after the value"},
	{name: "no UTF-8", shape: ShapeRaw, body: "\"\xff\"", err: "it is not UTF-8"},

	{name: "id an object", shape: ShapeSharpAPI, body: `{"id":{},"status":"success","type":"t"}`, err: "id is an object, not a string"},
}

func TestParseEvent(t *testing.T) {
	for _, c := range eventCases {
		t.Run(string(c.shape)+"/"+c.name, func(t *testing.T) {
			got, err := ParseEvent(Profile{Shape: c.shape}, []byte(c.body))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
			if got.Timestamp.Location() != time.UTC {
				t.Errorf("the timestamp %v is not in UTC", got.Timestamp)
			}
			if c.err == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e, ok := errors.AsType[*ShapeError](err)
			if !ok || e.Shape != c.shape || !strings.HasPrefix(err.Error(), "body is not of the shape "+string(c.shape)+": ") ||
				!strings.HasSuffix(err.Error(), c.err) {
				t.Errorf("got %v, want %s", err, c.err)
			}
			if ok && !strings.Contains(err.Error(), ": "+stdcmp.Or(e.Member, "it")+" ") {
				t.Errorf("the member %q is not what the error %q is about", e.Member, err)
			}
		})
	}
}

// Every shape of the table has cases of both kinds.
func TestEventCasesCoverEveryShape(t *testing.T) {
	good, bad := make(map[Shape]bool), make(map[Shape]bool)
	for _, c := range eventCases {
		if c.err == "" {
			good[c.shape] = true
		} else {
			bad[c.shape] = true
		}
	}
	for _, p := range append(Profiles(), Profile{Shape: ShapeRaw}) {
		if !good[p.Shape] || !bad[p.Shape] {
			t.Errorf("no cases for the shape %s", p.Shape)
		}
	}
}

func TestParseEventOfUnknownShapes(t *testing.T) {
	for _, shape := range []Shape{"", "xml"} {
		_, err := ParseEvent(Profile{Shape: shape}, []byte("{}"))
		if _, ok := errors.AsType[*ShapeError](err); err == nil || ok {
			t.Errorf("shape %q: %v", shape, err)
		}
	}
}

// The vectors' bodies are of their profiles' shapes, but for the empty one.
func TestParseEventOfVectors(t *testing.T) {
	for _, v := range vectors(t) {
		if _, err := ParseEvent(profile(t, v.Profile), []byte(v.Body)); (err == nil) != (v.Body != "{}") {
			t.Errorf("%s, %s: %v", v.Profile, v.Name, err)
		}
	}
}

// TestEventIsACopy checks that an event outlives the buffer it was read from.
func TestEventIsACopy(t *testing.T) {
	body := []byte(standardBody(`{"a":1}`))
	e, err := ParseEvent(profile(t, "standard"), body)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	if string(e.Data) != `{"a":1}` || e.Type != "order.paid" {
		t.Errorf("the event changed with the buffer: %+v", e)
	}
}
