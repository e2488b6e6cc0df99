package client

import "context"

type traceKey struct{}

// WithTraceParent gives a context whose calls carry a traceparent (W3C Trace
// Context), such as that of a LeasedJob: what they do becomes part of that
// trace. "" leaves the context as it is. A transport that sets the header
// itself, as OpenTelemetry's does, overrides it.
func WithTraceParent(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// TraceParent gives what WithTraceParent put into a context, or "".
func TraceParent(ctx context.Context) string {
	parent, _ := ctx.Value(traceKey{}).(string)
	return parent
}
