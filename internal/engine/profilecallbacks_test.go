package engine_test

import (
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// A job's callback in a profile that was deleted meanwhile fails, says why, and
// goes on once there is one of that name again.
func TestCallbackInADeletedProfile(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		w.profile(w.account.ID, engine.CreateProfileParams{Name: "p"})
		job, _, err := w.e.SubmitJob(t.Context(), w.account.ID, engine.SubmitJobParams{Type: "t", CallbackURL: receiver, Profile: "p"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.e.DeleteProfile(t.Context(), w.account.ID, "p"); err != nil {
			t.Fatal(err)
		}
		got := &inbox{}
		w.net.at(receiver, got.ServeHTTP)
		if _, err := w.e.CancelJob(t.Context(), w.account.ID, job.ID); err != nil {
			t.Fatal(err)
		}
		sleep(time.Second)
		if len(got.body) != 0 {
			t.Errorf("called with %s", got.body)
		}
		l, err := w.e.Deliveries(t.Context(), w.account.ID, engine.DeliveryFilter{}, engine.Paging{Limit: 10})
		if err != nil || len(l.Items) != 1 {
			t.Fatal(l, err)
		}
		if d := l.Items[0]; d.Status != ringback.DeliveryPending || d.Profile != "p" || d.Reason != `this server does not know the profile "p"` {
			t.Errorf("%+v", d)
		}
		p := w.profile(w.account.ID, engine.CreateProfileParams{Name: "p", Header: "X-Again"})
		sleep(time.Minute)
		h, body := got.last(t, 1)
		verify(t, p.Profile, w.account.Secret, h, body)
	})
}

// Callbacks in a profile of ed25519 are signed with the account's key, and with
// the one before until its overlap ends.
func TestCallbacksWithEd25519(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		p := w.profile(w.account.ID, engine.CreateProfileParams{Name: "keys", Algorithm: "ed25519", Encoding: "base64"})
		account, err := w.e.UpdateAccount(t.Context(), w.account.ID, engine.UpdateAccountParams{CallbackProfile: value("keys")})
		if err != nil {
			t.Fatal(err)
		}
		got := &inbox{}
		w.net.at(receiver, got.ServeHTTP)
		call := func() {
			job, _, err := w.e.SubmitJob(t.Context(), w.account.ID, engine.SubmitJobParams{Type: "t", CallbackURL: receiver})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.e.CancelJob(t.Context(), w.account.ID, job.ID); err != nil {
				t.Fatal(err)
			}
			sleep(time.Second)
		}
		signedBy := func(n int, signingKey string) {
			t.Helper()
			key, ok := engine.PublicKeyOf(signingKey)
			if !ok {
				t.Fatal("the account has no key")
			}
			h, body := got.last(t, n)
			verify(t, p.Profile, key.Text, h, body)
		}
		call()
		signedBy(1, account.SigningKey)
		rotated, err := w.e.RotateAccountSecret(t.Context(), w.account.ID, ringback.SignatureV1a, engine.RotateSecretParams{Overlap: value(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		call()
		signedBy(2, account.SigningKey)
		sleep(time.Hour)
		call()
		signedBy(3, rotated.SigningKey)
	})
}
