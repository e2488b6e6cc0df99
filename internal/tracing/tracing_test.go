package tracing_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/tracing"
	"github.com/ringback/ringback/ringback"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func FuzzAccept(f *testing.F) {
	for _, text := range []string{parent, "", parent + "-", "00-" + parent[3:35] + "-0000000000000000-00", parent[:54] + "F"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := tracing.Of(tracing.Accept(context.Background(), []string{text}))
		if got != "" && (len(got) != len(parent) || got[:53] != text[:53] || len(text) != len(parent)) {
			t.Errorf("%q was taken as %q", text, got)
		}
	})
}

// A tracer that is off makes nothing up and loses nothing.
func TestOff(t *testing.T) {
	off := tracing.Off()
	for _, given := range []string{"", parent} {
		ctx := tracing.Accept(t.Context(), []string{given})
		ctx, span := off.Request(ctx, http.MethodPost, "/v1/jobs", "/v1/jobs")
		span.Answered(202)
		job := &ringback.Job{TraceParent: given}
		end := off.Finish(t.Context(), job)
		end.End(nil)
		attempt := off.Attempt(&ringback.Event{TraceParent: given}, &ringback.Delivery{}, "https://example.com", time.Now())
		attempt.Attempted(200, "delivered", "")
		for name, got := range map[string]string{
			"request": span.TraceParent(), "context": tracing.Of(ctx), "wait": off.Leased(job),
			"end": end.TraceParent(), "attempt": attempt.TraceParent(),
		} {
			if got != given {
				t.Errorf("%s has %q, not %q", name, got, given)
			}
		}
	}
	if err := off.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// BenchmarkOff measures what one event with one delivery costs without tracing.
func BenchmarkOff(b *testing.B) {
	off := tracing.Off()
	for name, given := range map[string][]string{"without a trace": nil, "with one": {parent}} {
		b.Run(name, func(b *testing.B) {
			d := &ringback.Delivery{}
			b.ReportAllocs()
			for b.Loop() {
				ctx, span := off.Request(tracing.Accept(b.Context(), given), http.MethodPost, "/v1/events", "/v1/events")
				ev := &ringback.Event{TraceParent: tracing.Of(ctx)}
				attempt := off.Attempt(ev, d, "https://example.com/hook", time.Time{})
				_ = attempt.TraceParent()
				attempt.Attempted(200, "delivered", "")
				span.Answered(202)
			}
		})
	}
}
