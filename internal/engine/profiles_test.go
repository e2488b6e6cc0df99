package engine_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// inbox is a receiver that keeps what it gets, and answers with a status.
type inbox struct {
	mu     sync.Mutex
	status int
	header []http.Header
	body   []string
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body) // it is in memory
	b.mu.Lock()
	defer b.mu.Unlock()
	b.header, b.body = append(b.header, r.Header), append(b.body, string(text))
	if b.status != 0 {
		w.WriteHeader(b.status)
	}
}

// last gives the last call; there have been n of them.
func (b *inbox) last(t *testing.T, n int) (http.Header, string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.body) != n {
		t.Fatalf("%d calls, want %d", len(b.body), n)
	}
	return b.header[n-1], b.body[n-1]
}

func (w *world) profile(owner string, p engine.CreateProfileParams) *engine.Profile {
	w.t.Helper()
	if p.Shape == "" {
		p.Shape = "raw"
	}
	if p.Header == "" {
		p.Header = "X-" + p.Name
	}
	made, err := w.e.CreateProfile(w.t.Context(), owner, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func (w *world) changeProfile(owner, name string, p engine.UpdateProfileParams) {
	w.t.Helper()
	if _, err := w.e.UpdateProfile(w.t.Context(), owner, name, p); err != nil {
		w.t.Fatal(err)
	}
}

func value[T any](v T) engine.Maybe[T] { return engine.Maybe[T]{Set: true, Value: v} }

// verify checks a call as a receiver of the profile would.
func verify(t *testing.T, p webhook.Profile, secret string, h http.Header, body string) {
	t.Helper()
	v, err := webhook.NewVerifier(p, []string{secret})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(h, []byte(body)); err != nil {
		t.Errorf("%s: %v in %v", p.Name, err, h)
	}
}

// What arrives in a custom profile verifies with the library, of any algorithm,
// encoding and content.
func TestCustomProfiles(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		for _, algorithm := range []string{"hmac-sha256", "hmac-sha512", "hmac-sha1", "ed25519"} {
			for _, encoding := range []string{"hex", "base64"} {
				for _, content := range []string{"body", "timestamp.body", "id.timestamp.body"} {
					name := strings.ReplaceAll(algorithm+"-"+encoding+"-"+content, ".", "-")
					p := w.profile(w.account.ID, engine.CreateProfileParams{
						Name: name, Header: "x-acme-sig", Algorithm: algorithm, Encoding: encoding, Content: content, Prefix: "v=", UserAgent: "Acme/1",
					})
					got := &inbox{}
					w.net.at(receiver, got.ServeHTTP)
					ep := w.endpoint(receiver, func(p *engine.CreateEndpointParams) { p.Profile = name })
					w.publish("order.paid")
					sleep(time.Second)
					h, body := got.last(t, 1)
					secret := ep.Secret
					if key, ok := engine.PublicKeyOf(secret); ok {
						secret = key.Text // all that a receiver has
					} else if algorithm == "ed25519" {
						t.Errorf("%s: no key was made", name)
					}
					verify(t, p.Profile, secret, h, body)
					if body != `{"a":1}` || h.Get("User-Agent") != "Acme/1" || !strings.HasPrefix(h.Get("X-Acme-Sig"), "v=") ||
						(h.Get("Webhook-Timestamp") == "") != (content == "body") {
						t.Errorf("%s: %s, %v", name, body, h)
					}
					if err := w.e.DeleteEndpoint(t.Context(), w.account.ID, ep.ID); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	})
}

// The signature of a custom profile is what its words say, computed here with
// nothing but HMAC-SHA1.
func TestCustomProfileByHand(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		w.profile("", engine.CreateProfileParams{
			Name: "acme", Shape: "inkit", Header: "X-Sig", Algorithm: "hmac-sha1", Content: "id.timestamp.body", Prefix: "sha1=",
		})
		got := &inbox{}
		w.net.at(receiver, got.ServeHTTP)
		w.endpoint(receiver, func(p *engine.CreateEndpointParams) { p.Profile, p.Secret = "acme", value("whsec_ all of it") })
		ev := w.publish("order.paid")
		sleep(time.Second)
		h, body := got.last(t, 1)
		if want := `{"event_type":"order.paid","resource_id":"` + ev.ID + `"}`; body != want {
			t.Errorf("body %s, want %s", body, want)
		}
		mac := hmac.New(sha1.New, []byte("whsec_ all of it"))
		fmt.Fprintf(mac, "%s.%s.%s", ev.MessageID(), h.Get("Webhook-Timestamp"), body)
		if want := "sha1=" + hex.EncodeToString(mac.Sum(nil)); h.Get("X-Sig") != want {
			t.Errorf("X-Sig: %s, want %s", h.Get("X-Sig"), want)
		}
	})
}

// A change holds from the next attempt on, and across a restart. A header that
// becomes the profile's replaces the customer's.
func TestProfileChangeHoldsFromTheNextAttempt(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := open(t, dir, dispatch.Limits{})
		defer func() { w.stop() }()
		var err error
		if w.account, err = w.e.CreateAccount(t.Context(), engine.CreateAccountParams{Name: "test"}); err != nil {
			t.Fatal(err)
		}
		for _, owner := range []string{w.account.ID, ""} {
			w.profile(owner, engine.CreateProfileParams{Name: "p" + map[string]string{"": "-op"}[owner], Header: "X-Old"})
		}
		for _, name := range []string{"p", "p-op"} {
			owner := w.account.ID
			if name == "p-op" {
				owner = ""
			}
			got := &inbox{status: 500}
			url := receiver + "/" + name
			w.net.at(url, got.ServeHTTP)
			ep := w.endpoint(url, func(p *engine.CreateEndpointParams) {
				p.Profile, p.Headers, p.EventTypes = name, map[string]string{"X-New": "the customer's"}, []string{name}
			})
			w.publish(name)
			sleep(time.Second)
			if h, _ := got.last(t, 1); h.Get("X-Old") == "" || h.Get("X-New") != "the customer's" {
				t.Errorf("%s: first attempt with %v", name, h)
			}
			w.changeProfile(owner, name, engine.UpdateProfileParams{
				Header: value("X-New"), Shape: value("standard"), Prefix: value("new="), RetrySchedule: value([]time.Duration{time.Second, 2 * time.Hour}),
			})
			sleep(10 * time.Second)
			if h, body := got.last(t, 2); h.Get("X-Old") != "" || !strings.HasPrefix(h.Get("X-New"), "new=") || !strings.HasPrefix(body, `{"type":`) {
				t.Errorf("%s: second attempt with %v, %s", name, h, body)
			}
			account := w.account
			w.stop()
			w = open(t, dir, dispatch.Limits{})
			w.account = account
			w.net.at(url, got.ServeHTTP)
			sleep(3 * time.Hour)
			h, body := got.last(t, 3)
			p, err := w.e.Profile(t.Context(), w.account.ID, name)
			if err != nil {
				t.Fatal(err)
			}
			verify(t, p.Profile, ep.Secret, h, body)
		}
	})
}

// An account's own profile comes before the operator's of the same name, from the
// next attempt on and for that account alone.
func TestOwnProfileComesFirst(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		other, err := w.e.CreateAccount(t.Context(), engine.CreateAccountParams{Name: "other", CallbackProfile: "standard"})
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := w.account, other
		w.profile("", engine.CreateProfileParams{Name: "p", Header: "X-Operator"})
		mine, others := &inbox{}, &inbox{}
		w.net.at(receiver+"/mine", mine.ServeHTTP)
		w.net.at(receiver+"/others", others.ServeHTTP)
		both := func() {
			for w.account = range map[*ringback.Account]bool{ours: true, theirs: true} {
				w.publish("e")
			}
			sleep(time.Second)
			w.account = ours
		}
		for account, url := range map[*ringback.Account]string{ours: receiver + "/mine", theirs: receiver + "/others"} {
			w.account = account
			w.endpoint(url, func(p *engine.CreateEndpointParams) { p.Profile = "p" })
		}
		sees := func(n int, wantMine, wantOthers string) {
			t.Helper()
			both()
			if h, _ := mine.last(t, n); h.Get(wantMine) == "" {
				t.Errorf("call %d has no %s: %v", n, wantMine, h)
			}
			if h, _ := others.last(t, n); h.Get(wantOthers) == "" {
				t.Errorf("the other's call %d has no %s: %v", n, wantOthers, h)
			}
		}
		sees(1, "X-Operator", "X-Operator")
		w.profile(ours.ID, engine.CreateProfileParams{Name: "p", Header: "X-Own"})
		sees(2, "X-Own", "X-Operator")
		w.changeProfile("", "p", engine.UpdateProfileParams{Header: value("X-Operator-2")})
		sees(3, "X-Own", "X-Operator-2")
	})
}

// The names of custom profiles are those that package webhook allows.
func TestProfileNames(t *testing.T) {
	for _, name := range []string{"", "a", "a-0", "-", "A", "a.b", "a_b", "é", strings.Repeat("a", 64), strings.Repeat("a", 65)} {
		p := webhook.Profile{
			Name: name, Shape: webhook.ShapeRaw, SignatureHeader: "X-A", Content: webhook.ContentBody, Algorithm: webhook.AlgorithmHMACSHA256,
			KeyForm: webhook.KeyText, Encoding: webhook.EncodingHex, Layout: webhook.LayoutOne,
		}
		if allowed := p.Check() == nil; ringback.ValidProfileName(name) != allowed {
			t.Errorf("%q: allowed %v", name, allowed)
		}
	}
}

// slowCancel keeps the cancellation of pending deliveries until it is released.
type slowCancel struct {
	store.Store

	began, release chan struct{}
}

func (s *slowCancel) Commit(ctx context.Context, ops []store.Op) error {
	for _, op := range ops {
		if _, ok := op.(*store.CancelPending); ok {
			close(s.began)
			<-s.release
		}
	}
	return s.Store.Commit(ctx, ops)
}

// Disabling an endpoint may take seconds; nobody's profiles wait for that.
func TestProfilesDuringCancellation(t *testing.T) {
	w := open(t, t.TempDir(), dispatch.Limits{})
	defer func() { w.stop() }()
	account, err := w.e.CreateAccount(t.Context(), engine.CreateAccountParams{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w.account = account
	ep := w.endpoint(receiver, nil)
	slow := &slowCancel{Store: w.store.Store, began: make(chan struct{}), release: make(chan struct{})}
	w.store.commitTo(slow)
	disabled := make(chan error, 1)
	go func() {
		_, err := w.e.UpdateEndpoint(t.Context(), account.ID, ep.ID, enabled(false))
		disabled <- err
	}()
	<-slow.began
	w.profile("", engine.CreateProfileParams{Name: "mine"})
	if len(disabled) > 0 {
		t.Error("the profile was made after the wait for the cancellation")
	}
	close(slow.release)
	if err := <-disabled; err != nil {
		t.Error(err)
	}
}
