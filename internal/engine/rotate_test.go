package engine_test

import (
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/webhook"
)

// signedWith is a receiver that notes which of the secrets verify each call.
type signedWith struct {
	t       *testing.T
	profile string
	secrets []string // "a", "b", … by their place
	calls   []string
}

func (s *signedWith) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	p, _ := webhook.Lookup(s.profile)
	var by string
	for i, secret := range s.secrets {
		if _, err := webhook.Verify(p, r.Header, body, secret); err == nil {
			by += string(rune('a' + i))
		}
	}
	s.calls = append(s.calls, by)
}

func over(d time.Duration) engine.RotateSecretParams {
	return engine.RotateSecretParams{Overlap: engine.Maybe[time.Duration]{Set: true, Value: d}}
}

// During a rotation calls verify with what receivers have, until the overlap
// ends, to the instant.
func TestRotation(t *testing.T) {
	for _, profile := range []struct {
		name string
		want []string // before, after the rotation, just before its end, after it, after one without overlap
	}{
		{"standard", []string{"a", "ab", "ab", "b", "c"}},
		{"stripe", []string{"a", "ab", "ab", "b", "c"}},
		{"github", []string{"a", "a", "a", "b", "c"}},
		{"sharpapi", []string{"a", "a", "a", "b", "c"}},
	} {
		t.Run(profile.name, func(t *testing.T) {
			inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
				ep := w.endpoint(receiver, func(p *engine.CreateEndpointParams) { p.Profile = profile.name })
				seen := &signedWith{t: t, profile: profile.name, secrets: []string{ep.Secret}}
				w.net.at(receiver, seen.ServeHTTP)
				call := func() {
					t.Helper()
					w.publish("e")
					sleep(0)
				}
				rotate := func(p engine.RotateSecretParams) {
					t.Helper()
					ep, err := w.e.RotateEndpointSecret(t.Context(), w.account.ID, ep.ID, p)
					if err != nil {
						t.Fatal(err)
					}
					seen.secrets = append(seen.secrets, ep.Secret)
				}
				call()
				rotate(engine.RotateSecretParams{}) // for a day
				call()
				sleep(24*time.Hour - time.Millisecond)
				call()
				sleep(time.Millisecond)
				call()
				rotate(over(0))
				call()
				if !slices.Equal(seen.calls, profile.want) {
					t.Errorf("calls verified with %q; want %q", seen.calls, profile.want)
				}
			})
		})
	}
}

// A restart does not end an overlap, and callbacks rotate as endpoints do; an
// earlier secret that a profile cannot sign with does not keep it from signing.
func TestRotationOfCallbacks(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		set := func(secret string) engine.Maybe[string] { return engine.Maybe[string]{Set: true, Value: secret} }
		if _, err := w.e.UpdateAccount(t.Context(), w.account.ID, engine.UpdateAccountParams{Secret: set("test_key")}); err != nil {
			t.Fatal(err)
		}
		account, err := w.e.RotateAccountSecret(t.Context(), w.account.ID, "", over(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		call := func(profile string, secrets ...string) string {
			t.Helper()
			seen := &signedWith{t: t, profile: profile, secrets: secrets}
			w.net.at(receiver, seen.ServeHTTP)
			job, _, err := w.e.SubmitJob(t.Context(), w.account.ID, engine.SubmitJobParams{Type: "t", CallbackURL: receiver, Profile: profile})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.e.CancelJob(t.Context(), w.account.ID, job.ID); err != nil {
				t.Fatal(err)
			}
			sleep(0)
			if len(seen.calls) != 1 {
				t.Fatalf("%d calls", len(seen.calls))
			}
			return seen.calls[0]
		}
		if by := call("unitary", "test_key", account.Secret); by != "a" {
			t.Errorf("unitary, in the overlap: signed with %q", by)
		}
		if by := call("standard", account.Secret); by != "a" {
			t.Errorf("standard, in the overlap: signed with %q", by)
		}
		sleep(time.Hour)
		if by := call("unitary", "test_key", account.Secret); by != "b" {
			t.Errorf("unitary, after it: signed with %q", by)
		}
	})
}

// v1a endpoints rotate as v1 ones do: both keys sign until the overlap ends, and
// both are published; callbacks take the account's key where it is wanted.
func TestV1a(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		keys := func() (texts []string) {
			t.Helper()
			all, err := w.e.PublicKeys(t.Context(), w.account.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range all {
				texts = append(texts, k.Text)
			}
			return texts
		}
		ep := w.endpoint(receiver, func(p *engine.CreateEndpointParams) { p.Signature = "v1a" })
		first := keys()
		if _, err := w.e.RotateEndpointSecret(t.Context(), w.account.ID, ep.ID, over(time.Hour)); err != nil {
			t.Fatal(err)
		}
		both := keys()
		if len(first) != 1 || len(both) != 2 || both[1] != first[0] {
			t.Fatalf("keys %v, then %v", first, both)
		}
		seen := &signedWith{t: t, profile: "standard", secrets: both}
		w.net.at(receiver, seen.ServeHTTP)
		w.publish("e")
		sleep(time.Hour)
		w.publish("e")
		sleep(0)
		if want := []string{"ab", "a"}; !slices.Equal(seen.calls, want) {
			t.Errorf("verified with %q; want %q", seen.calls, want)
		}
		if got := keys(); !slices.Equal(got, both[:1]) {
			t.Errorf("keys %v are left; want %v", got, both[:1])
		}

		if err := w.e.DeleteEndpoint(t.Context(), w.account.ID, ep.ID); err != nil {
			t.Fatal(err)
		}
		v1a := engine.UpdateAccountParams{CallbackSignature: engine.Maybe[string]{Set: true, Value: "v1a"}}
		if _, err := w.e.UpdateAccount(t.Context(), w.account.ID, v1a); err != nil {
			t.Fatal(err)
		}
		for _, profile := range []string{"standard", "github"} {
			seen := &signedWith{t: t, profile: profile, secrets: []string{w.account.Secret}}
			want := "a"
			if profile == "standard" {
				seen.secrets, want = append(seen.secrets, keys()...), "b"
			}
			w.net.at(receiver, seen.ServeHTTP)
			job, _, err := w.e.SubmitJob(t.Context(), w.account.ID, engine.SubmitJobParams{Type: "t", CallbackURL: receiver, Profile: profile})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.e.CancelJob(t.Context(), w.account.ID, job.ID); err != nil {
				t.Fatal(err)
			}
			sleep(0)
			if !slices.Equal(seen.calls, []string{want}) {
				t.Errorf("%s: verified with %q; want %q", profile, seen.calls, want)
			}
		}
	})
}
