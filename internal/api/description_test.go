package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// TestDescription compares the document's description with what it tells of.
func TestDescription(t *testing.T) {
	t.Parallel()
	e := start(t)
	text := e.api.OpenAPI().Info.Description
	for _, scope := range ringback.Scopes() {
		if !strings.Contains(text, "`"+string(scope)+"`") {
			t.Errorf("the scope %s is not described", scope)
		}
	}
	const days = 24
	for _, limit := range []string{
		fmt.Sprintf("%d levels deep", body.MaxDepth),
		fmt.Sprintf("URL: %d,%03d ASCII", egress.MaxURL/1000, egress.MaxURL%1000),
		fmt.Sprintf("events: %d characters", ringback.MaxEventType),
		fmt.Sprintf("a name, a resource id: %d bytes", ringback.MaxResourceID),
		fmt.Sprintf("%d,%03d endpoints", ringback.MaxEndpoints/1000, ringback.MaxEndpoints%1000),
		fmt.Sprintf("%d event patterns, %d headers and %d retries", ringback.MaxEventPatterns, ringback.MaxEndpointHeaders, ringback.MaxRetries),
		fmt.Sprintf("up to %v days", ringback.MaxRetryDelay.Hours()/days),
		fmt.Sprintf("%d attempts of up to %v hours", ringback.MaxMaxAttempts, ringback.MaxJobTimeout.Hours()),
		fmt.Sprintf("%d KiB of the error", ringback.MaxErrorLength>>10),
		fmt.Sprintf("lease: %v hour, %d jobs of %d types", ringback.MaxLease.Hours(), ringback.MaxLeaseJobs, ringback.MaxLeaseTypes),
		fmt.Sprintf("waits: %v seconds", ringback.MaxWait.Seconds()),
		fmt.Sprintf("delivery: %v seconds; %d KiB", ringback.MaxAttemptTimeout.Seconds(), egress.DefaultMaxResponseBody>>10),
		fmt.Sprintf("list: %d items", engine.MaxLimit),
	} {
		if !strings.Contains(text, limit) {
			t.Errorf("the description does not say %q", limit)
		}
	}
	if ringback.MaxNameLength != ringback.MaxResourceID {
		t.Error("names and resource ids have different limits")
	}
}
