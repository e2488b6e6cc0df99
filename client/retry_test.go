package client_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

const unavailable = `{"status":503,"code":"unavailable","detail":"the store cannot take changes","title":"Service Unavailable"}`

// Calls that can be repeated are, and no others.
func TestWhatIsRepeated(t *testing.T) {
	ctx := context.Background() // of no test: it is used in bubbles
	for name, c := range map[string]struct {
		call func(*client.Client) error
		want int
	}{
		"GetJob":       {func(c *client.Client) error { _, err := c.GetJob(ctx, "j", client.GetJobParams{}); return err }, 3},
		"ListEvents":   {func(c *client.Client) error { _, err := c.ListEvents(ctx, client.ListEventsParams{}); return err }, 3},
		"SubmitJob":    {func(c *client.Client) error { _, err := c.SubmitJob(ctx, client.SubmitJobParams{}); return err }, 3},
		"PublishEvent": {func(c *client.Client) error { _, err := c.PublishEvent(ctx, client.PublishEventParams{}); return err }, 3},
		"HeartbeatJob": {func(c *client.Client) error {
			_, err := c.HeartbeatJob(ctx, "j", client.HeartbeatJobParams{})
			return err
		}, 3},
		"CompleteJob": {func(c *client.Client) error {
			_, err := c.CompleteJob(ctx, "j", client.CompleteJobParams{})
			return err
		}, 3},
		"FailJob":   {func(c *client.Client) error { _, err := c.FailJob(ctx, "j", client.FailJobParams{}); return err }, 3},
		"LeaseJobs": {func(c *client.Client) error { _, err := c.LeaseJobs(ctx, client.LeaseJobsParams{}); return err }, 1},
		"CancelJob": {func(c *client.Client) error { _, err := c.CancelJob(ctx, "j"); return err }, 1},
		"CreateKey": {func(c *client.Client) error { _, err := c.CreateKey(ctx, client.CreateKeyParams{}); return err }, 1},
		"UpdateEndpoint": {func(c *client.Client) error {
			_, err := c.UpdateEndpoint(ctx, "e", client.UpdateEndpointParams{})
			return err
		}, 1},
		"DeleteEndpoint": {func(c *client.Client) error { return c.DeleteEndpoint(ctx, "e") }, 1},
		"GetReadiness":   {func(c *client.Client) error { _, err := c.GetReadiness(ctx); return err }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for failure, a := range map[string]answer{
				"503": {status: 503, body: unavailable}, "429": {status: 429}, "502": {status: 502}, "504": {status: 504}, "broken": {},
			} {
				synctest.Test(t, func(t *testing.T) {
					cl, s := scripted(t, []answer{a, a, {status: 200, body: `{"id":"x"}`}})
					err := c.call(cl)
					if len(s.requests) != c.want || (err == nil) != (c.want == 3) || c.want == 1 && !client.Temporary(err) {
						t.Errorf("after %s: %d requests, %v; want %d", failure, len(s.requests), err, c.want)
					}
				})
			}
			for _, status := range []int{400, 401, 403, 404, 409, 413, 422, 500} {
				cl, s := scripted(t, []answer{{status: status}})
				if err := c.call(cl); err == nil || client.Temporary(err) || len(s.requests) != 1 {
					t.Errorf("after %d: %d requests, %v; want one", status, len(s.requests), err)
				}
			}
		})
	}
}

// All tries of a call carry one key and one body.
func TestIdempotencyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, []answer{{}, {status: 202, body: `{"id":"x"}`, header: map[string]string{"Idempotency-Replayed": "true"}}})
		for _, given := range []string{"", "order-17"} {
			first := len(s.requests)
			s.answers = append(append([]answer{}, s.answers[:first]...), answer{}, s.answers[len(s.answers)-1])
			job, err := c.SubmitJob(t.Context(), client.SubmitJobParams{Type: "a", Input: "<&>", IdempotencyKey: given, WaitSeconds: 3})
			if err != nil || !job.Replayed {
				t.Fatal(job, err)
			}
			one, two := s.requests[first].Header.Get("Idempotency-Key"), s.requests[first+1].Header.Get("Idempotency-Key")
			if one == "" || one != two || given != "" && one != given {
				t.Errorf("keys %q and %q; given was %q", one, two, given)
			}
			if want := `{"type":"a","input":"<&>"}`; s.bodies[first] != want || s.bodies[first+1] != want {
				t.Errorf("bodies %q", s.bodies[first:])
			}
		}
		if a, b := s.requests[0].Header.Get("Idempotency-Key"), s.requests[2].Header.Get("Idempotency-Key"); a == b {
			t.Errorf("two submissions have one key %q", a)
		}
		r := s.requests[0]
		if r.URL.String() != "https://api.example/base/v1/jobs?wait=3" || r.Header.Get("Authorization") != "Bearer rb_test" ||
			r.Header.Get("User-Agent") != "ringback-go" || r.Header.Get("Ringback-Account") != "" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
	})
}

func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, []answer{{}}, client.Retries(7))
		if _, err := c.GetOwnAccount(t.Context()); !errors.Is(err, errBroken) || len(s.at) != 8 {
			t.Fatalf("%d requests, %v", len(s.at), err)
		}
		for i := range 7 {
			most := min(200*time.Millisecond<<i, 5*time.Second)
			if got := s.at[i+1] - s.at[i]; got > most || got < most/2 {
				t.Errorf("pause %d is %s, not between %s and %s", i, got, most/2, most)
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{"7": 7 * time.Second, "date": 9 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			if text == "date" {
				text = time.Now().Add(9 * time.Second).UTC().Format(http.TimeFormat)
			}
			c, s := scripted(t, []answer{{status: 503, body: unavailable, header: map[string]string{"Retry-After": text}}, {status: 200, body: `{}`}})
			if _, err := c.GetOwnAccount(t.Context()); err != nil || len(s.at) != 2 || s.at[1] != want {
				t.Errorf("%s: requests at %v, %v", text, s.at, err)
			}
		})
	}
	c, s := scripted(t, []answer{{status: 429, header: map[string]string{"Retry-After": "31"}}})
	_, err := c.GetOwnAccount(t.Context())
	if e, ok := errors.AsType[*client.Error](err); !ok || e.RetryAfter != 31*time.Second || len(s.requests) != 1 {
		t.Errorf("%d requests, %v", len(s.requests), err)
	}
}

// The context ends a call at once, and no pause outlasts it.
func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, []answer{{hang: true}})
		because := errors.New("because")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(because) })
		if _, err := c.GetOwnAccount(ctx); !errors.Is(err, because) || !errors.Is(err, context.Canceled) || client.Temporary(err) || time.Since(s.begin) != time.Second {
			t.Errorf("after %s: %v", time.Since(s.begin), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, []answer{{status: 503, body: unavailable, header: map[string]string{"Retry-After": "10"}}})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := c.GetOwnAccount(ctx); client.CodeOf(err) != ringback.CodeUnavailable || time.Since(s.begin) != 0 {
			t.Errorf("a pause that the deadline cuts short: after %s %v", time.Since(s.begin), err)
		}
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		_, err := c.GetOwnAccount(ctx)
		if !errors.Is(err, context.Canceled) || client.CodeOf(err) != ringback.CodeUnavailable || time.Since(s.begin) != time.Second {
			t.Errorf("canceled in a pause: after %s %v", time.Since(s.begin), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, []answer{{hang: true}}, client.Timeout(4*time.Second), client.Retries(1))
		_, err := c.GetJob(t.Context(), "j", client.GetJobParams{WaitSeconds: 60})
		if err == nil || !strings.Contains(err.Error(), "no answer within 1m4s") || !client.Temporary(err) || len(s.requests) != 2 {
			t.Errorf("%d requests, %v", len(s.requests), err)
		}
	})
}

func TestAnswersThatAreTooLarge(t *testing.T) {
	for size, good := range map[int]bool{100: true, 101: false} {
		body := `{"id":"` + string(bytes.Repeat([]byte("x"), size-9)) + `"}`
		c, s := scripted(t, []answer{{status: 200, body: body}}, client.MaxAnswer(100))
		_, err := c.GetOwnAccount(t.Context())
		if (err == nil) != good || len(s.requests) != 1 || !good && !strings.Contains(err.Error(), "larger than 100 bytes") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
