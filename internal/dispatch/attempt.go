package dispatch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// Health is what an attempt tells of its destination.
type Health int

const (
	Neutral  Health = iota // nothing: no request was made, or it was refused for what it was (4xx)
	Answered               // it takes requests
	Failing                // no answer, or 429, 408, 5xx
)

// Outcome is what came of one attempt.
type Outcome struct {
	Health  Health
	Attempt ringback.Attempt // Number 0: no request was made
	Status  ringback.DeliveryStatus
	Next    time.Time // with pending
	Gone    bool      // the receiver answered 410
	// Exhausted: the delivery failed because its schedule is used up. One that
	// was retried by hand after its end has none.
	Exhausted bool
	Timing    egress.Timing
	Kind      metrics.Outcome
}

// deliver makes one attempt and records it. It returns when the outcome is
// durable, so that whoever waits for a place in the queue waits for that too:
// after a crash no more than what was in flight is sent again.
func (d *Dispatcher) deliver(ctx context.Context, it *item, target *Target) Outcome {
	dl := it.Delivery
	dl.URL, dl.Profile = target.URL, target.Profile.Name
	var o Outcome
	if target.Gone != "" {
		o.Status, dl.Reason = ringback.DeliveryCanceled, target.Gone
	} else {
		var ok bool
		if o, ok = d.attempt(ctx, it, target); !ok {
			return Outcome{} // stopping: the next start makes this attempt
		}
	}
	d.record(ctx, it, &o)
	return o
}

// target resolves where the delivery goes. A fault of the store is waited out;
// nil means that the wait ended because the dispatcher is stopping.
func (d *Dispatcher) target(ctx context.Context, it *item) *Target {
	for {
		t, err := d.Targets.Target(ctx, it.Delivery, it.Job)
		if err == nil {
			return t
		}
		d.Log.Error("a delivery's target could not be looked up; trying again", "delivery", it.Delivery.ID, "error", err)
		if pause.For(ctx, retryEvery) != nil {
			return nil
		}
	}
}

// attempt sends the request and decides what follows. false means that it was
// given up because the dispatcher is stopping.
func (d *Dispatcher) attempt(ctx context.Context, it *item, t *Target) (Outcome, bool) {
	dl := it.Delivery
	o := Outcome{Attempt: ringback.Attempt{Number: dl.AttemptCount + 1, StartedAt: d.Node.Now()}}
	begun := time.Now()
	a := &o.Attempt
	payload := body.Compose(nil, t.Profile.Shape, &body.Subject{
		Event: it.Event, Job: it.Job, URL: t.URL, IncludeResult: t.IncludeResult,
	})
	header, masked, err := d.headers(it, t, a, payload)
	span := d.Tracer.Attempt(it.Event, dl, t.URL, a.StartedAt)
	if parent := span.TraceParent(); parent != "" {
		header.Set("Traceparent", parent)
		masked.Set("Traceparent", parent)
	}
	a.RequestHeaders = masked
	var resp egress.Response
	if err == nil {
		resp, err = d.Sender.Do(ctx, egress.Request{
			Method: http.MethodPost, URL: t.URL, Header: header, Body: payload, Timeout: t.Timeout,
		})
	}
	if ctx.Err() != nil {
		span.Attempted(0, "canceled", "the server stopped before there was an answer")
		return o, false
	}
	a.Duration = time.Since(begun)
	a.StatusCode, a.ResponseHeaders, a.ResponseBody = resp.StatusCode, resp.Header, resp.Body
	o.Timing, o.Kind = resp.Timing, kindOf(resp.StatusCode, err)
	d.judge(&o, dl, t, err)
	span.Attempted(a.StatusCode, string(o.Kind), a.Error)
	return o, true
}

// headers builds what is sent, and the same with secrets masked, as it is kept.
// The profile's headers and ours override the customer's.
func (d *Dispatcher) headers(it *item, t *Target, a *ringback.Attempt, payload []byte) (h, masked http.Header, err error) {
	id := it.Delivery.MessageID()
	h = make(http.Header, 8+len(t.Headers))
	for name, value := range t.Headers {
		h.Set(name, value)
	}
	ours := [...]string{d.UserAgent, "application/json", id, strconv.Itoa(a.Number)} // one piece of memory for all four
	for i, name := range [...]string{"User-Agent", "Content-Type", "Webhook-Id", "Webhook-Attempt"} {
		h[name] = ours[i : i+1 : i+1]
	}
	if t.Unsignable != nil {
		err = t.Unsignable
	} else {
		m := webhook.Message{ID: id, Type: it.Event.Type, Timestamp: a.StartedAt, Body: payload}
		if t.sendsUUID() {
			m.UUID = ringback.UUID(it.Event.ID)
		}
		err = t.Signer.Sign(m, h)
	}
	if len(t.Headers) == 0 {
		return h, h, err
	}
	masked = h.Clone()
	for name := range t.Headers {
		masked.Set(name, "***") // they are where customers keep credentials
	}
	return h, masked, err
}

// sendsUUID says whether a header holds the event's UUID.
func (t *Target) sendsUUID() bool {
	return slices.ContainsFunc(t.Profile.ExtraHeaders, func(h webhook.ExtraHeader) bool { return h.Value == webhook.FieldUUID })
}

// judge decides what an answer, or the lack of one, means for the delivery.
func (d *Dispatcher) judge(o *Outcome, dl *ringback.Delivery, t *Target, err error) {
	a := &o.Attempt
	switch {
	case err != nil:
		a.Error, o.Health = err.Error(), Failing
		if kind, ok := errors.AsType[*egress.Error](err); !ok || kind.Kind == egress.KindURL || kind.Kind == egress.KindBlocked {
			o.Health = Neutral // no request was made
		}
	case a.StatusCode >= 200 && a.StatusCode <= 299:
		o.Health, o.Status, dl.Reason = Answered, ringback.DeliveryDelivered, ""
		return
	default:
		a.Error = fmt.Sprintf("the receiver answered %d %s", a.StatusCode, http.StatusText(a.StatusCode))
		if a.StatusCode >= 300 && a.StatusCode <= 399 {
			a.Error += "; redirects are not followed"
		}
		if a.StatusCode >= 500 || a.StatusCode == http.StatusTooManyRequests || a.StatusCode == http.StatusRequestTimeout {
			o.Health = Failing
		}
	}
	dl.Reason = a.Error
	ended := a.StartedAt.Add(a.Duration)
	if a.StatusCode == http.StatusGone {
		o.Gone, o.Status = true, ringback.DeliveryFailed
		return
	}
	if dl.Step >= len(t.Schedule) {
		o.Status, o.Exhausted = ringback.DeliveryFailed, dl.Step != ringback.NoMoreSteps
		return
	}
	delay := ringback.Jitter(t.Schedule[dl.Step])
	dl.Step++
	if a.StatusCode == http.StatusTooManyRequests || a.StatusCode == http.StatusServiceUnavailable {
		delay = max(delay, retryAfter(a.ResponseHeaders.Get("Retry-After"), ended))
	}
	o.Status, o.Next = ringback.DeliveryPending, ended.Add(delay).Truncate(time.Microsecond) // as it is kept
}

// maxRetryAfter caps what a receiver may ask for.
const maxRetryAfter = time.Hour

// retryAfter reads a Retry-After header: seconds, or an HTTP date (RFC 9110,
// 10.2.3). What cannot be read, or is past, is 0.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 63); err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	} else if errors.Is(err, strconv.ErrRange) {
		return maxRetryAfter
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// Origin is the part of a URL that names the host that answers:
// "https://host:port", in lower case, the default port left out.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if port := u.Port(); (scheme == "https" && port == "443") || (scheme == "http" && port == "80") {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return scheme + "://" + host
}
