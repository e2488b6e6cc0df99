package ringback_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/ringback"
)

func TestEventTypes(t *testing.T) {
	long := strings.Repeat("a", ringback.MaxEventType)
	for _, ok := range []string{"a", "job.succeeded", "DOCUMENT_CREATE_FINISHED", "a-b.c_d.0", long} {
		if !ringback.ValidEventType(ok) || !ringback.ValidEventPattern(ok) {
			t.Errorf("%q is refused", ok)
		}
	}
	for _, bad := range []string{"", ".", "a.", ".a", "a..b", "a b", "a*", "ä", "a/b", "a\n", long + "a"} {
		if ringback.ValidEventType(bad) {
			t.Errorf("event type %q is accepted", bad)
		}
		if ringback.ValidEventPattern(bad) {
			t.Errorf("pattern %q is accepted", bad)
		}
	}
	for _, ok := range []string{"*", "job.*", "a.b.*"} {
		if !ringback.ValidEventPattern(ok) {
			t.Errorf("pattern %q is refused", ok)
		}
	}
	for _, bad := range []string{"**", "*.a", "a*", "a.*.b", ".*", "a.**", long + ".*"} {
		if ringback.ValidEventPattern(bad) {
			t.Errorf("pattern %q is accepted", bad)
		}
	}
}

func TestMatchEventType(t *testing.T) {
	for _, c := range []struct {
		pattern, eventType string
		want               bool
	}{
		{"*", "anything.at.all", true},
		{"job.*", "job.succeeded", true},
		{"job.*", "job.a.b", true},
		{"job.*", "job", false},
		{"job.*", "jobs.succeeded", false},
		{"job.succeeded", "job.succeeded", true},
		{"job.succeeded", "job.succeeded.x", false},
		{"job", "job.succeeded", false},
	} {
		if got := ringback.MatchEventType(c.pattern, c.eventType); got != c.want {
			t.Errorf("MatchEventType(%q, %q) = %v", c.pattern, c.eventType, got)
		}
	}
}

func TestFinalStatuses(t *testing.T) {
	var final []ringback.JobStatus
	for _, s := range ringback.JobStatuses() {
		if s.Final() {
			final = append(final, s)
		}
	}
	if !slices.Equal(final, []ringback.JobStatus{ringback.JobSucceeded, ringback.JobFailed, ringback.JobCanceled}) {
		t.Errorf("final statuses: %v", final)
	}
}

func TestJobEventTypes(t *testing.T) {
	given := ringback.JobEventTypes{Succeeded: "DOCUMENT_CREATE_FINISHED", Failed: "DOCUMENT_CREATE_FAILED"}
	for status, want := range map[ringback.JobStatus]string{
		ringback.JobSucceeded: "DOCUMENT_CREATE_FINISHED",
		ringback.JobFailed:    "DOCUMENT_CREATE_FAILED",
		ringback.JobCanceled:  "job.canceled",
	} {
		if got := given.For(status); got != want {
			t.Errorf("For(%s) = %q; want %q", status, got, want)
		}
	}
	if got := (ringback.JobEventTypes{}).For(ringback.JobSucceeded); got != "job.succeeded" {
		t.Errorf("default: %q", got)
	}
}

func TestJobBackoff(t *testing.T) {
	for attempts, want := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 9: 256 * time.Second,
		10: 5 * time.Minute, 1000: 5 * time.Minute,
	} {
		for range 100 {
			got := ringback.JobBackoff(attempts)
			if got < want*9/10 || got > want*11/10 {
				t.Fatalf("JobBackoff(%d) = %s; want %s ±10 %%", attempts, got, want)
			}
		}
	}
}

func TestDefaultScopes(t *testing.T) {
	if got := ringback.DefaultScopes(true); !slices.Equal(got, ringback.Scopes()) {
		t.Errorf("operator: %v", got)
	}
	account := ringback.DefaultScopes(false)
	if slices.Contains(account, ringback.ScopeJobsWork) || len(account) != len(ringback.Scopes())-1 {
		t.Errorf("account: %v", account)
	}
}

func TestCodeOf(t *testing.T) {
	err := fmt.Errorf("while testing: %w", ringback.Invalid("limit", "%d is too many", 201))
	if got := ringback.CodeOf(err); got != ringback.CodeInvalid {
		t.Errorf("code %q", got)
	}
	if got := err.Error(); got != "while testing: limit: 201 is too many" {
		t.Errorf("message %q", got)
	}
	if got := ringback.CodeOf(errors.New("disk on fire")); got != ringback.CodeInternal {
		t.Errorf("code of an unknown error: %q", got)
	}
}
