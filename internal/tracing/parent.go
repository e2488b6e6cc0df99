package tracing

import (
	"context"
	"encoding/hex"

	"go.opentelemetry.io/otel/trace"
)

// A traceparent (W3C Trace Context, version 00) is
// "00-" 32 hex digits of the trace "-" 16 of the parent "-" 2 of flags,
// in lower case; trace and parent are not zero.
const parentLength = 55

// knownFlags are the flags that version 00 defines; others are sent as zero.
const knownFlags = trace.FlagsSampled | trace.FlagsRandom

// parse reads a traceparent. ok is false for what is none.
func parse(text string) (sc trace.SpanContext, ok bool) {
	if len(text) != parentLength || text[:3] != "00-" || text[35] != '-' || text[52] != '-' {
		return sc, false
	}
	traceID, err := trace.TraceIDFromHex(text[3:35]) // refuses upper case, and zero
	if err != nil {
		return sc, false
	}
	spanID, err := trace.SpanIDFromHex(text[36:52])
	if err != nil {
		return sc, false
	}
	var flags [1]byte
	if _, err := hex.Decode(flags[:], []byte(text[53:])); err != nil || !lower(text[53:]) {
		return sc, false
	}
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: trace.TraceFlags(flags[0]) & knownFlags, Remote: true,
	}), true
}

func lower(hexDigits string) bool {
	for i := range len(hexDigits) {
		if 'A' <= hexDigits[i] && hexDigits[i] <= 'F' {
			return false
		}
	}
	return true
}

// format writes a traceparent; of no span it is "".
func format(sc trace.SpanContext) string {
	if !sc.IsValid() {
		return ""
	}
	return "00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-" + (sc.TraceFlags() & knownFlags).String()
}

// Of gives the traceparent of the span that a context is in, or "". With
// tracing off it is the one that the request came with.
func Of(ctx context.Context) string { return format(trace.SpanContextFromContext(ctx)) }

// within puts a traceparent into a context; what is none changes nothing.
func within(ctx context.Context, parent string) context.Context {
	if sc, ok := parse(parent); ok {
		return trace.ContextWithRemoteSpanContext(ctx, sc)
	}
	return ctx
}
