package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"net/url"

	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/ringback"
)

// measure counts a recorded attempt.
func (d *Dispatcher) measure(it *item, o *Outcome) {
	a := &o.Attempt
	d.Metrics.Attempted(metrics.Attempt{
		Outcome: o.Kind, Number: a.Number, Accepted: it.Event.CreatedAt,
		Due: it.Delivery.NextAttemptAt, Started: a.StartedAt, Duration: a.Duration,
	})
}

// kindOf says what came of a request, for the metrics.
func kindOf(status int, err error) metrics.Outcome {
	if err == nil {
		return metrics.OutcomeOf(status)
	}
	e, ok := errors.AsType[*egress.Error](err)
	if !ok {
		return metrics.Unsignable // the sender's errors all are of that type
	}
	switch e.Kind {
	case egress.KindURL, egress.KindBlocked:
		return metrics.Blocked
	case egress.KindDNS:
		return metrics.DNS
	case egress.KindConnect:
		return metrics.Connect
	case egress.KindTLS:
		return metrics.TLS
	case egress.KindTimeout:
		return metrics.Timeout
	case egress.KindProtocol, egress.KindCanceled: // canceled ones are not recorded
	}
	return metrics.Protocol
}

// logAttempt writes the one line that answers "what happened to this
// delivery?": who, where, how, how long, and what follows. Queries of URLs and
// bodies are left out: customers keep data of their own there.
func (d *Dispatcher) logAttempt(ctx context.Context, it *item, o *Outcome, fenced error) {
	level := slog.LevelInfo
	if o.Status != ringback.DeliveryDelivered {
		level = slog.LevelWarn
	}
	if !d.Log.Enabled(ctx, level) {
		return
	}
	dl, a, t := it.Delivery, &o.Attempt, &o.Timing
	attrs := []slog.Attr{
		slog.String("delivery", dl.ID), slog.String("account", dl.AccountID),
		slog.String("event_type", dl.EventType), slog.String("url", withoutQuery(dl.URL)),
		slog.String("profile", dl.Profile), slog.Int("attempt", a.Number),
		slog.String("outcome", string(o.Status)), slog.Int("status_code", a.StatusCode),
		slog.Float64("duration_ms", float64(a.Duration.Microseconds())/1000),
		slog.Float64("connect_ms", float64((t.DNS+t.Connect+t.TLS).Microseconds())/1000),
		slog.Int("response_bytes", len(a.ResponseBody)),
	}
	if dl.EndpointID != "" {
		attrs = append(attrs, slog.String("endpoint", dl.EndpointID))
	}
	if dl.JobID != "" {
		attrs = append(attrs, slog.String("job", dl.JobID))
	}
	if dl.Reason != "" {
		attrs = append(attrs, slog.String("reason", dl.Reason))
	}
	if !o.Next.IsZero() {
		attrs = append(attrs, slog.Time("next_attempt_at", o.Next))
	}
	if fenced != nil {
		attrs = append(attrs, slog.String("not_applied", fenced.Error()))
	}
	what := "attempt"
	if a.Number == 0 {
		what = "canceled" // nothing was sent
	}
	d.Log.LogAttrs(ctx, level, what, attrs...)
}

func withoutQuery(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}
