package api

import (
	"context"
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/tracing"
)

// measure counts a request that was answered.
func (a *API) measure(w *response, start time.Time) {
	if w.status == 0 {
		return // no answer was given
	}
	if w.code != "" {
		a.metrics.Problem(string(w.code))
	}
	a.metrics.Answered(w.operation, w.status, time.Since(start))
}

// observe notes which operation a request is for, and takes up its trace. What
// changes something gets a span, until ended is called: but for leases and
// heartbeats, which idle workers and long jobs make for ever.
func (a *API) observe(w http.ResponseWriter, r *http.Request, op *operation) (ctx context.Context, ended func()) {
	answer, ok := w.(*response)
	if !ok {
		answer = &response{}
	}
	answer.operation = op.ID
	ctx = tracing.Accept(r.Context(), r.Header.Values("Traceparent"))
	if op.Method == http.MethodGet || op.Untraced {
		return ctx, func() {}
	}
	ctx, span := a.config.Tracer.Request(ctx, op.Method, op.Path, r.URL.Path)
	return ctx, func() { span.Answered(answer.status) }
}
