package engine_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// What arrives verifies with the library, in every profile; a retry has the
// same body and id; the customer's headers are sent, and masked in the log of
// attempts.
func TestWhatIsSent(t *testing.T) {
	for _, profile := range webhook.Profiles() {
		t.Run(profile.Name, func(t *testing.T) {
			inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
				var calls []http.Header
				var bodies []string
				w.net.at(receiver, func(rw http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						t.Error(err)
					}
					calls, bodies = append(calls, r.Header), append(bodies, string(body))
					if len(calls) == 1 {
						rw.WriteHeader(http.StatusInternalServerError)
					}
				})
				ep := w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
					p.Profile = profile.Name
					p.Headers = map[string]string{"authorization": "Bearer sekret", "X-Env": "prod"}
				})
				ev := w.publish("order.paid")
				sleep(time.Minute)
				if len(calls) != 2 || bodies[0] != bodies[1] {
					t.Fatalf("%d calls, bodies %q", len(calls), bodies)
				}
				for i, h := range calls {
					v, err := webhook.NewVerifier(profile, []string{ep.Secret})
					if err != nil {
						t.Fatal(err)
					}
					got, err := v.Verify(h, []byte(bodies[i]))
					if err != nil || got.ID != ev.MessageID() || got.Attempt != i+1 {
						t.Errorf("call %d: %+v, %v", i+1, got, err)
					}
					if profile.Name == "github" && (h.Get("X-GitHub-Event") != "order.paid" || h.Get("X-GitHub-Delivery") != ringback.UUID(ev.ID)) {
						t.Errorf("call %d: X-GitHub-Event %q, X-GitHub-Delivery %q; want order.paid, %q",
							i+1, h.Get("X-GitHub-Event"), h.Get("X-GitHub-Delivery"), ringback.UUID(ev.ID))
					}
					if h.Get("Authorization") != "Bearer sekret" || h.Get("X-Env") != "prod" || h.Get("Content-Type") != "application/json" {
						t.Errorf("call %d: headers %v", i+1, h)
					}
					if agent := h.Get("User-Agent"); agent != "Ringback/test" && agent != profile.UserAgent {
						t.Errorf("call %d: User-Agent %q", i+1, agent)
					}
				}
				_, attempts := w.delivery(ev, 0)
				for _, a := range attempts {
					if a.RequestHeaders.Get("Authorization") != "***" || a.RequestHeaders.Get("X-Env") != "***" ||
						a.RequestHeaders.Get(profile.SignatureHeader) == "" {
						t.Errorf("the log of attempts has %v", a.RequestHeaders)
					}
				}
			})
		})
	}
}

// URL, profile, secret, headers and schedule are read at each attempt.
func TestAChangeHoldsFromTheNextAttempt(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		w.net.at(receiver, answer(500).ServeHTTP)
		const moved = "https://moved.example/hook"
		var got http.Header
		w.net.at(moved, func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
		ep := w.endpoint(receiver, nil)
		ev := w.publish("a")
		sleep(time.Second)
		_, err := w.e.UpdateEndpoint(t.Context(), w.account.ID, ep.ID, engine.UpdateEndpointParams{
			URL:     engine.Maybe[string]{Set: true, Value: moved},
			Profile: engine.Maybe[string]{Set: true, Value: "inkit"},
			Headers: engine.Maybe[map[string]string]{Set: true, Value: map[string]string{"X-New": "1"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		sleep(time.Minute)
		if got.Get("Inkit-Signature") == "" || got.Get("X-New") != "1" || got.Get("Webhook-Signature") != "" {
			t.Errorf("the second attempt has %v", got)
		}
		if d, _ := w.delivery(ev, 0); d.Status != ringback.DeliveryDelivered || d.URL != moved || d.Profile != "inkit" {
			t.Errorf("%+v", d)
		}
	})
}
