package ringback

import (
	"encoding/json"
	"math/rand/v2"
	"time"
)

// JobStatus is where a job stands.
type JobStatus string

const (
	JobQueued    JobStatus = "queued"    // a lease moves it to running; a cancel to canceled
	JobRunning   JobStatus = "running"   // its worker moves it to succeeded or failed; an ended lease back to queued, or to failed after the last attempt; a cancel to canceled
	JobSucceeded JobStatus = "succeeded" // final
	JobFailed    JobStatus = "failed"    // final
	JobCanceled  JobStatus = "canceled"  // final
)

// JobStatuses lists every status.
func JobStatuses() []JobStatus {
	return []JobStatus{JobQueued, JobRunning, JobSucceeded, JobFailed, JobCanceled}
}

// Final says whether nothing moves a job out of this status any more.
func (s JobStatus) Final() bool {
	return s == JobSucceeded || s == JobFailed || s == JobCanceled
}

// Defaults and limits of jobs.
const (
	DefaultJobTimeout  = time.Hour
	MaxJobTimeout      = 24 * time.Hour
	DefaultMaxAttempts = 3
	MaxMaxAttempts     = 100
	DefaultLease       = 30 * time.Second
	MaxLease           = time.Hour
	MaxLeaseJobs       = 100
	MaxLeaseTypes      = 100
	MaxWait            = 60 * time.Second
	MaxErrorLength     = 16 << 10 // bytes of a failed job's error
	MaxResourceID      = 256      // bytes
)

// Job is one piece of work.
type Job struct {
	ID        string
	AccountID string
	Type      string
	Status    JobStatus

	Input    json.RawMessage // any JSON value
	Metadata json.RawMessage // an object, or nil
	Result   json.RawMessage // what the worker returned; set if and only if succeeded
	Error    string          // why it failed; while queued again: why the last attempt ended

	CallbackURL   string // "" = none; as it was submitted, character for character
	Profile       string // of the callback, settled at submission; "" without a callback
	CallbackOnly  bool   // endpoints do not get this job's event
	IncludeResult bool   // callbacks include the result
	EventTypes    JobEventTypes
	ResourceID    string // what the job is about; "" = the job itself

	RunAt       time.Time // not leased before
	Timeout     time.Duration
	MaxAttempts int
	Attempt     int // leases so far

	LeaseToken     string        // of the current lease; of the last one when finished
	Lease          time.Duration // length of the current lease, as a heartbeat renews it
	LeaseExpiresAt time.Time     // zero unless running

	TraceParent string // of the submission (W3C Trace Context), or ""

	CreatedAt  time.Time
	StartedAt  time.Time // of the current or last attempt; zero if there was none
	FinishedAt time.Time // zero until final
}

// JobEventTypes are the names of the events that a job's outcome makes; an
// empty one stands for the default.
type JobEventTypes struct {
	Succeeded string `json:"succeeded,omitempty"`
	Failed    string `json:"failed,omitempty"`
	Canceled  string `json:"canceled,omitempty"`
}

// Names of the events of finished jobs, unless their submitter gave others.
const (
	EventJobSucceeded = "job.succeeded"
	EventJobFailed    = "job.failed"
	EventJobCanceled  = "job.canceled"
)

// For gives the event type for a final status.
func (t JobEventTypes) For(s JobStatus) string {
	given, fallback := t.Succeeded, EventJobSucceeded
	switch s {
	case JobFailed:
		given, fallback = t.Failed, EventJobFailed
	case JobCanceled:
		given, fallback = t.Canceled, EventJobCanceled
	case JobSucceeded, JobQueued, JobRunning:
	}
	if given != "" {
		return given
	}
	return fallback
}

// CanceledError is what the bodies of a canceled job give as its error.
const CanceledError = "canceled"

// JobBackoff is how long a job waits before its next attempt, after the given
// number of attempts: 1 s, 2 s, 4 s … up to 5 minutes, each ±10 %.
func JobBackoff(attempts int) time.Duration {
	d := 5 * time.Minute
	if attempts < 10 {
		d = min(d, time.Second<<max(attempts-1, 0))
	}
	return Jitter(d)
}

// Jitter moves a delay by up to a tenth in either direction, so that what
// failed together does not come back together.
func Jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}
