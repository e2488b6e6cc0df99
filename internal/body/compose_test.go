package body_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// The ids below hold these UUIDs.
const (
	jobUUID   = "0193f3b0-0000-7000-8000-000000000001"
	eventUUID = "0193f3b0-0000-7000-8000-000000000002"
)

var created = time.Date(2026, 11, 20, 12, 0, 0, 123_999_000, time.UTC)

func testJob(t *testing.T, change func(*ringback.Job)) *ringback.Job {
	t.Helper()
	id, ok := ringback.ParseID(ringback.PrefixJob, jobUUID)
	if !ok {
		t.Fatal("the test's UUID is malformed")
	}
	j := &ringback.Job{
		ID: id, Type: "content_translate", Status: ringback.JobSucceeded,
		Input:  []byte(`{"url":"https://media.example/clip.mp4?a=1&b=<2>"}`),
		Result: []byte(`{"content":"ciao è 🚀 </script>","n":11.6}`), CreatedAt: created, FinishedAt: created.Add(time.Second),
	}
	if change != nil {
		change(j)
	}
	return j
}

func testEvent(t *testing.T, change func(*ringback.Event)) *ringback.Event {
	t.Helper()
	id, ok := ringback.ParseID(ringback.PrefixEvent, eventUUID)
	if !ok {
		t.Fatal("the test's UUID is malformed")
	}
	e := &ringback.Event{ID: id, Type: "job.succeeded", CreatedAt: created}
	if change != nil {
		change(e)
	}
	return e
}

func TestCompose(t *testing.T) {
	failed := func(j *ringback.Job) {
		j.Status, j.Result, j.Error = ringback.JobFailed, nil, `Failed to "decode" <video>.`
	}
	canceled := func(j *ringback.Job) { j.Status, j.Result = ringback.JobCanceled, nil }
	job := testJob(t, nil)
	const called = "https://your.callback.server/?filename=original_file_name.mp4&current_timestamp=1687864622"
	for _, c := range []struct {
		name   string
		shape  webhook.Shape
		job    *ringback.Job
		event  func(*ringback.Event)
		hidden bool // the result is not included
		want   string
	}{
		{"unitary", webhook.ShapeUnitary, job, nil, false,
			`{"data":{"job_id":"` + jobUUID + `","callback_url":"` + called + `","is_error":false,"result":{"content":"ciao è 🚀 </script>","n":11.6,"url":"https://media.example/clip.mp4?a=1&b=<2>"}}}`},
		{"unitary: the worker gave a url", webhook.ShapeUnitary, testJob(t, func(j *ringback.Job) { j.Result = []byte(`{"url":"x","a":1}`) }), nil, false,
			`{"data":{"job_id":"` + jobUUID + `","callback_url":"` + called + `","is_error":false,"result":{"url":"x","a":1}}}`},
		{"unitary: the result is empty", webhook.ShapeUnitary, testJob(t, func(j *ringback.Job) { j.Result = []byte(`{}`) }), nil, false,
			`{"data":{"job_id":"` + jobUUID + `","callback_url":"` + called + `","is_error":false,"result":{"url":"https://media.example/clip.mp4?a=1&b=<2>"}}}`},
		{"unitary: the result is no object", webhook.ShapeUnitary, testJob(t, func(j *ringback.Job) { j.Result = []byte(`["url"]`) }), nil, false,
			`{"data":{"job_id":"` + jobUUID + `","callback_url":"` + called + `","is_error":false,"result":["url"]}}`},
		{"unitary: url only in a nested object", webhook.ShapeUnitary, testJob(t, func(j *ringback.Job) { j.Result = []byte(`{"a":{"url":1}}`) }), nil, false,
			`{"data":{"job_id":"` + jobUUID + `","callback_url":"` + called + `","is_error":false,"result":{"a":{"url":1},"url":"https://media.example/clip.mp4?a=1&b=<2>"}}}`},
		{"unitary: the input has no url", webhook.ShapeUnitary, testJob(t, func(j *ringback.Job) { j.Input = []byte(`{"url":7}`) }), nil, false,
			`{"data":{"job_id":"` + jobUUID + `","callback_url":"` + called + `","is_error":false,"result":{"content":"ciao è 🚀 </script>","n":11.6}}}`},
		{"unitary: without the result", webhook.ShapeUnitary, job, nil, true,
			`{"data":{"job_id":"` + jobUUID + `","callback_url":"` + called + `","is_error":false,"result":null}}`},
		{"unitary: failed", webhook.ShapeUnitary, testJob(t, failed), nil, true,
			`{"data":{"job_id":"` + jobUUID + `","callback_url":"` + called + `","is_error":true,"result":{"error":"Failed to \"decode\" <video>."}}}`},
		{"unitary-flat: canceled", webhook.ShapeUnitaryFlat, testJob(t, canceled), nil, false,
			`{"job_id":"` + jobUUID + `","callback_url":"` + called + `","is_error":true,"result":{"error":"canceled"}}`},
		{"unitary-flat: published", webhook.ShapeUnitaryFlat, nil, func(e *ringback.Event) { e.Data = []byte(`{"a":1}`) }, false,
			`{"job_id":"` + eventUUID + `","callback_url":"` + called + `","is_error":false,"result":{"a":1}}`},
		{"inkit: job", webhook.ShapeInkit, job, func(e *ringback.Event) {
			e.Type, e.ResourceID = "DOCUMENT_CREATE_FINISHED", "doc_2N0X2g4f3b1JJU75fqzDZs"
		}, false,
			`{"event_type":"DOCUMENT_CREATE_FINISHED","resource_id":"doc_2N0X2g4f3b1JJU75fqzDZs"}`},
		{"inkit: nothing named", webhook.ShapeInkit, job, nil, false,
			`{"event_type":"job.succeeded","resource_id":"` + job.ID + `"}`},
		{"sharpapi", webhook.ShapeSharpAPI, job, nil, true,
			`{"id":"` + jobUUID + `","status":"success","type":"content_translate"}`},
		{"sharpapi: with the result", webhook.ShapeSharpAPI, job, nil, false,
			`{"id":"` + jobUUID + `","status":"success","type":"content_translate","result":{"content":"ciao è 🚀 </script>","n":11.6}}`},
		{"sharpapi: failed", webhook.ShapeSharpAPI, testJob(t, failed), nil, false,
			`{"id":"` + jobUUID + `","status":"failed","type":"content_translate","error":"Failed to \"decode\" <video>."}`},
		{"sharpapi: published", webhook.ShapeSharpAPI, nil, func(e *ringback.Event) { e.Type = "order.paid" }, false,
			`{"id":"` + eventUUID + `","status":"success","type":"order.paid","result":{}}`},
		{"standard: job", webhook.ShapeStandard, testJob(t, func(j *ringback.Job) {
			j.CallbackURL, j.Metadata = "https://a.example/x", []byte(`{"k":"v"}`)
		}), nil, false,
			`{"type":"job.succeeded","timestamp":"2026-11-20T12:00:00.123Z","data":{"id":"` + job.ID + `","type":"content_translate","status":"succeeded","result":{"content":"ciao è 🚀 </script>","n":11.6},"resource_id":"` + job.ID + `","callback_url":"https://a.example/x","metadata":{"k":"v"},"created_at":"2026-11-20T12:00:00.123Z","finished_at":"2026-11-20T12:00:01.123Z"}}`},
		{"standard: without the result", webhook.ShapeStandard, job, nil, true,
			`{"type":"job.succeeded","timestamp":"2026-11-20T12:00:00.123Z","data":{"id":"` + job.ID + `","type":"content_translate","status":"succeeded","resource_id":"` + job.ID + `","created_at":"2026-11-20T12:00:00.123Z","finished_at":"2026-11-20T12:00:01.123Z"}}`},
		{"standard: canceled", webhook.ShapeStandard, testJob(t, canceled), nil, false,
			`{"type":"job.succeeded","timestamp":"2026-11-20T12:00:00.123Z","data":{"id":"` + job.ID + `","type":"content_translate","status":"canceled","error":"canceled","resource_id":"` + job.ID + `","created_at":"2026-11-20T12:00:00.123Z","finished_at":"2026-11-20T12:00:01.123Z"}}`},
		{"standard: published, nothing", webhook.ShapeStandard, nil, nil, false,
			`{"type":"job.succeeded","timestamp":"2026-11-20T12:00:00.123Z","data":{}}`},
		{"standard: published, resource added", webhook.ShapeStandard, nil, func(e *ringback.Event) { e.Data, e.ResourceID = []byte(`{"a":1}`), "r" }, false,
			`{"type":"job.succeeded","timestamp":"2026-11-20T12:00:00.123Z","data":{"a":1,"resource_id":"r"}}`},
		{"standard: published, resource in it", webhook.ShapeStandard, nil, func(e *ringback.Event) { e.Data, e.ResourceID = []byte(`{"resource_id":7}`), "r" }, false,
			`{"type":"job.succeeded","timestamp":"2026-11-20T12:00:00.123Z","data":{"resource_id":7}}`},
		{"raw: job", webhook.ShapeRaw, job, nil, false,
			`{"id":"` + job.ID + `","type":"content_translate","status":"succeeded","result":{"content":"ciao è 🚀 </script>","n":11.6},"resource_id":"` + job.ID + `","created_at":"2026-11-20T12:00:00.123Z","finished_at":"2026-11-20T12:00:01.123Z"}`},
		{"raw: without the result", webhook.ShapeRaw, job, nil, true,
			`{"id":"` + job.ID + `","type":"content_translate","status":"succeeded","resource_id":"` + job.ID + `","created_at":"2026-11-20T12:00:00.123Z","finished_at":"2026-11-20T12:00:01.123Z"}`},
		{"raw: failed", webhook.ShapeRaw, testJob(t, failed), nil, true,
			`{"id":"` + job.ID + `","type":"content_translate","status":"failed","error":"Failed to \"decode\" <video>.","resource_id":"` + job.ID + `","created_at":"2026-11-20T12:00:00.123Z","finished_at":"2026-11-20T12:00:01.123Z"}`},
		{"raw: published, nothing", webhook.ShapeRaw, nil, nil, false, `{}`},
		{"raw: published, resource added", webhook.ShapeRaw, nil, func(e *ringback.Event) { e.Data, e.ResourceID = []byte(`{"a":1}`), "r" }, false,
			`{"a":1,"resource_id":"r"}`},
		{"raw: published, no object", webhook.ShapeRaw, nil, func(e *ringback.Event) { e.Data, e.ResourceID = []byte(`[1,"</b>"]`), "r" }, true,
			`[1,"</b>"]`},
		{"raw: published, null", webhook.ShapeRaw, nil, func(e *ringback.Event) { e.Data = []byte(`null`) }, false, `null`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &body.Subject{Event: testEvent(t, c.event), Job: c.job, URL: called, IncludeResult: !c.hidden}
			got := string(body.Compose(nil, c.shape, s))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if again := string(body.Compose([]byte("before"), c.shape, s)); again != "before"+got {
				t.Errorf("the second time: %s", again)
			}
		})
	}
}

// Every body is in stable form, whatever the values in it.
func TestComposeIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		event := &ringback.Event{
			ID: ringback.NewID(ringback.PrefixEvent, created), CreatedAt: created,
			Type: rapid.String().Draw(t, "type"), ResourceID: rapid.String().Draw(t, "resource"),
		}
		job := &ringback.Job{
			ID: ringback.NewID(ringback.PrefixJob, created), Type: "t", CreatedAt: created, FinishedAt: created,
			Status: rapid.SampledFrom([]ringback.JobStatus{ringback.JobSucceeded, ringback.JobFailed, ringback.JobCanceled}).Draw(t, "status"),
			Error:  rapid.String().Draw(t, "error"), CallbackURL: rapid.String().Draw(t, "callback"),
			Input: []byte(`{"url":"u"}`), Result: []byte(`{"1":2,"b":1e+21,"a":0.1}`), Metadata: []byte(`{"m":[]}`),
		}
		if rapid.Bool().Draw(t, "published") {
			event.Data, job = []byte(`{"7":1,"x":"</script>"}`), nil
		}
		for _, p := range everyShape {
			got := body.Compose(nil, p.Shape, &body.Subject{
				Event: event, Job: job, URL: "https://a.example", IncludeResult: rapid.Bool().Draw(t, "include"),
			})
			again, err := body.Stable(nil, got)
			if err != nil || string(again) != string(got) {
				t.Fatalf("%s: %s becomes %s (%v)", p.Shape, got, again, err)
			}
		}
	})
}
