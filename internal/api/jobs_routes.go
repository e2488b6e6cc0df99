package api

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ringback/ringback/ringback"
)

const exampleQueuedJob = `{
	"id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2", "uuid": "0065fa9b-63a2-1e7b-a702-c9346e23a0f8",
	"type": "inspect", "status": "queued",
	"input": {"url": "https://example.com/video.mp4"},
	"callback_url": "https://customer.example/hook?order=17", "profile": "unitary",
	"callback_only": false, "include_result": true, "resource_id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2",
	"attempt": 0, "max_attempts": 3, "timeout_seconds": 3600,
	"run_at": "2026-01-02T15:04:05.123456Z", "created_at": "2026-01-02T15:04:05.123456Z",
	"status_url": "https://ringback.example/v1/jobs/job_01jzn6v3m8f7q9r2s4t6w8x0z2"}`

const exampleFinishedJob = `{
	"id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2", "uuid": "0065fa9b-63a2-1e7b-a702-c9346e23a0f8",
	"type": "inspect", "status": "succeeded",
	"input": {"url": "https://example.com/video.mp4"}, "result": {"width": 1920, "height": 1080},
	"callback_only": false, "include_result": true, "resource_id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2",
	"attempt": 1, "max_attempts": 3, "timeout_seconds": 3600,
	"run_at": "2026-01-02T15:04:05.123456Z", "created_at": "2026-01-02T15:04:05.123456Z",
	"started_at": "2026-01-02T15:04:06.000000Z", "finished_at": "2026-01-02T15:04:09.500000Z",
	"status_url": "https://ringback.example/v1/jobs/job_01jzn6v3m8f7q9r2s4t6w8x0z2"}`

func (a *API) registerJobs() {
	submit := register(a, operation{
		ID: "submitJob", Method: http.MethodPost, Path: "/v1/jobs", Tag: "jobs", Status: http.StatusAccepted,
		Summary: "Submit a job",
		Text: "202 is sent once the job is on stable storage. With `wait`, 200 is sent with the finished job if it finishes in time, otherwise 202. " +
			"Its outcome makes one event, which goes to the callback and to every endpoint that subscribes to its type. " +
			"`events` cannot name an event type that is archived. The event itself is never refused, and no schema applies to it.",
		By: anAccount, Scopes: []ringback.Scope{ringback.ScopeJobsWrite},
		Codes:   []ringback.Code{ringback.CodeIdempotencyMismatch, ringback.CodeArchivedEventType},
		Headers: []*huma.Param{callbackParam(), idempotencyParam()},
		Request: `{"type": "inspect", "input": {"url": "https://example.com/video.mp4"},
			"callback_url": "https://customer.example/hook?order=17", "profile": "unitary"}`,
		Response: exampleQueuedJob,
	}, a.submitJob)
	a.shorten(submit, a.submitUsual)
	a.alsoAnswers("/v1/jobs", http.StatusAccepted, http.StatusOK)

	register(a, operation{
		ID: "getJob", Method: http.MethodGet, Path: "/v1/jobs/{id}", Tag: "jobs", Status: http.StatusOK,
		Summary: "Look at a job", Text: "With `wait` the answer comes once the job is finished, or after that time with the job as it is.",
		By: anAccount, Scopes: []ringback.Scope{ringback.ScopeJobsRead}, Response: exampleFinishedJob,
	}, a.getJob)
	register(a, operation{
		ID: "listJobs", Method: http.MethodGet, Path: "/v1/jobs", Tag: "jobs", Status: http.StatusOK,
		Summary: "List jobs", Text: "A page ends early where inputs and results are large.",
		By: anAccount, Scopes: []ringback.Scope{ringback.ScopeJobsRead},
		Response: `{"items": [` + exampleQueuedJob + `], "next_cursor": "MTpqb2JfMDFqem42djNtOGY3cTlyMnM0dDZ3OHgwejI"}`,
	}, a.listJobs)
	register(a, operation{
		ID: "cancelJob", Method: http.MethodPost, Path: "/v1/jobs/{id}/cancel", Tag: "jobs", Status: http.StatusOK,
		Summary: "Cancel a job",
		Text:    "It acts at once and ends the job's lease: the worker is told at its next heartbeat. The job's event is job.canceled.",
		By:      anAccount, Scopes: []ringback.Scope{ringback.ScopeJobsWrite},
		Codes: []ringback.Code{ringback.CodeJobFinished}, Response: exampleCanceledJob,
	}, a.cancelJob)
}

const exampleCanceledJob = `{
	"id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2", "uuid": "0065fa9b-63a2-1e7b-a702-c9346e23a0f8",
	"type": "inspect", "status": "canceled", "input": null, "error": "canceled",
	"callback_only": false, "include_result": true, "resource_id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2",
	"attempt": 0, "max_attempts": 3, "timeout_seconds": 3600,
	"run_at": "2026-01-02T15:04:05.123456Z", "created_at": "2026-01-02T15:04:05.123456Z",
	"finished_at": "2026-01-02T15:04:09.500000Z",
	"status_url": "https://ringback.example/v1/jobs/job_01jzn6v3m8f7q9r2s4t6w8x0z2"}`

// alsoAnswers documents a second status of success for a POST route, with the
// same body.
func (a *API) alsoAnswers(path string, status, also int) {
	responses := a.OpenAPI().Paths[path].Post.Responses
	other := *responses[strconv.Itoa(status)]
	other.Description = http.StatusText(also)
	responses[strconv.Itoa(also)] = &other
}

func callbackParam() *huma.Param {
	return headerParam(callbackHeader, "The same as callback_url.", "https://customer.example/hook")
}

func idempotencyParam() *huma.Param {
	return headerParam(idempotencyHeader,
		"1 to 255 visible ASCII characters that name this request. For 24 hours the same request with the same key changes nothing and gives what the first one made.",
		"order-17")
}
