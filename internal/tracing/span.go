package tracing

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ringback/ringback/ringback"
)

// Span is a part of a trace that has begun. It must be ended, once.
type Span struct {
	span   trace.Span // nil: of a tracer that is off
	parent string     // of such a tracer
}

// TraceParent is what others continue the trace by: of a tracer that is off,
// the span's parent; "" if there is none.
func (s Span) TraceParent() string {
	if s.span == nil {
		return s.parent
	}
	return format(s.span.SpanContext())
}

func (s Span) recording() bool { return s.span != nil && s.span.IsRecording() }

func (s Span) end(options ...trace.SpanEndOption) {
	if s.span != nil {
		s.span.End(options...)
	}
}

// start begins a span under a parent, or a trace of its own.
func (t *Tracer) start(parent, name string, options ...trace.SpanStartOption) Span {
	_, span := t.tracer.Start(within(context.Background(), parent), name, options...) //nolint:spancheck // the caller ends it
	return Span{span: span}                                                           //nolint:spancheck // see above
}

// Accept puts the trace that a request continues into its context. Anything but
// one well-formed traceparent is ignored.
func Accept(ctx context.Context, traceparent []string) context.Context {
	if len(traceparent) != 1 {
		return ctx
	}
	return within(ctx, traceparent[0])
}

// Recording says whether spans are made.
func (t *Tracer) Recording() bool { return t.provider != nil }

// Request begins the span of a request to the API.
func (t *Tracer) Request(ctx context.Context, method, route, path string) (context.Context, Span) {
	if t.provider == nil {
		return ctx, Span{parent: Of(ctx)}
	}
	ctx, span := t.tracer.Start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		span.SetAttributes(semconv.HTTPRequestMethodKey.String(method), semconv.HTTPRoute(route), semconv.URLPath(path))
	}
	return ctx, Span{span: span}
}

// Answered ends the span of a request. What the caller did wrong is no error of
// the server's.
func (s Span) Answered(status int) {
	if s.recording() {
		s.span.SetAttributes(semconv.HTTPResponseStatusCode(status))
		if status >= 500 || status == 0 {
			s.fail(strconv.Itoa(status), "")
		}
	}
	s.end()
}

// Leased makes the span of a job's wait, from when it could run until a worker
// got it, and gives what the worker continues the trace by.
func (t *Tracer) Leased(j *ringback.Job) (traceparent string) {
	if t.provider == nil {
		return j.TraceParent
	}
	s := t.start(j.TraceParent, "job.wait", trace.WithTimestamp(j.RunAt))
	if s.recording() {
		s.span.SetAttributes(ofJob(j)...)
	}
	s.end(trace.WithTimestamp(j.StartedAt))
	return s.TraceParent()
}

// Finish begins the span of a job's end. Its parent is whoever ends it, if that
// is in the job's trace; otherwise the job's submission, with a link to the
// other.
func (t *Tracer) Finish(ctx context.Context, j *ringback.Job) Span {
	parent := j.TraceParent
	var options []trace.SpanStartOption
	if caller := trace.SpanContextFromContext(ctx); caller.IsValid() {
		submitted, ok := parse(j.TraceParent)
		if !ok || submitted.TraceID() == caller.TraceID() {
			parent = format(caller)
		} else {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: caller}))
		}
	}
	if t.provider == nil {
		return Span{parent: parent}
	}
	s := t.start(parent, "job.finish", options...)
	if s.recording() {
		s.span.SetAttributes(append(ofJob(j), attribute.String("ringback.job.status", string(j.Status)))...)
	}
	return s
}

// End ends a span, with the error that it ended with.
func (s Span) End(err error) {
	if err != nil && s.recording() {
		s.fail(string(ringback.CodeOf(err)), err.Error())
	}
	s.end()
}

func ofJob(j *ringback.Job) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("ringback.account.id", j.AccountID), attribute.String("ringback.job.id", j.ID),
		attribute.String("ringback.job.type", j.Type), attribute.Int("ringback.job.attempt", j.Attempt),
	}
}

// Attempt begins the span of one request of a delivery. The event is what it
// follows from; queries of URLs, where customers keep data of their own, are
// left out.
func (t *Tracer) Attempt(ev *ringback.Event, d *ringback.Delivery, target string, at time.Time) Span {
	if t.provider == nil {
		return Span{parent: ev.TraceParent}
	}
	s := t.start(ev.TraceParent, "POST", trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(at))
	if !s.recording() {
		return s
	}
	s.span.SetAttributes(
		semconv.HTTPRequestMethodPost, attribute.String("ringback.account.id", d.AccountID),
		attribute.String("ringback.event.id", ev.ID), attribute.String("ringback.event.type", ev.Type),
		attribute.String("ringback.delivery.id", d.ID), attribute.Int("ringback.delivery.attempt", d.AttemptCount+1),
	)
	if d.AttemptCount > 0 {
		s.span.SetAttributes(semconv.HTTPRequestResendCount(d.AttemptCount))
	}
	u, err := url.Parse(target)
	if err != nil {
		return s
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		port = map[string]int{"http": 80, "https": 443}[u.Scheme]
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	s.span.SetAttributes(semconv.URLFull(u.String()), semconv.ServerAddress(u.Hostname()), semconv.ServerPort(port))
	return s
}

// Attempted ends the span of an attempt: kind says what came of it, and reason
// why it failed, "" if it did not.
func (s Span) Attempted(status int, kind, reason string) {
	if s.recording() {
		if status > 0 {
			s.span.SetAttributes(semconv.HTTPResponseStatusCode(status))
			kind = strconv.Itoa(status)
		}
		if reason != "" {
			s.fail(kind, reason)
		}
	}
	s.end()
}

func (s Span) fail(kind, reason string) {
	s.span.SetAttributes(semconv.ErrorTypeKey.String(kind))
	s.span.SetStatus(codes.Error, reason)
}
