package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"
)

// The library of Standard Webhooks for Go has no v1a: TestSchemesAgreeWithOthers
// compares that with OpenSSL, and TestRFC8032 with the RFC.

var (
	anyBytes  = rapid.SliceOfN(rapid.Byte(), 0, 300)
	anyID     = rapid.StringMatching(`[!-\-/-~]{1,64}`) // visible ASCII but "."
	anySecret = rapid.Custom(func(t *rapid.T) string {
		return whsecPrefix + strictBase64.EncodeToString(rapid.SliceOfN(rapid.Byte(), minKeySize, maxKeySize).Draw(t, "key"))
	})
	anyTime = rapid.Int64Range(1, maxTimestamp)
)

// theirs is the other implementation with the secret.
func theirs(t *rapid.T, secret string) *standardwebhooks.Webhook {
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return wh
}

func TestOursVerifiesTheirs(t *testing.T) {
	p := profile(t, "standard")
	rapid.Check(t, func(t *rapid.T) {
		secret, id, body := anySecret.Draw(t, "secret"), anyID.Draw(t, "id"), anyBytes.Draw(t, "body")
		at := time.Unix(anyTime.Draw(t, "time"), 0)
		signature, err := theirs(t, secret).Sign(id, at, body)
		if err != nil {
			t.Fatal(err)
		}
		v, err := NewVerifier(p, []string{GenerateSecret(), secret}, Now(func() time.Time { return at }))
		if err != nil {
			t.Fatal(err)
		}
		h := make(http.Header)
		h.Set(HeaderID, id)
		h.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
		h.Set("webhook-signature", signature)
		d, err := v.Verify(h, body)
		if err != nil || d.ID != id || !d.IDVerified || !d.Timestamp.Equal(at) {
			t.Fatalf("%+v, %v", d, err)
		}
	})
}

func TestTheirsVerifiesOurs(t *testing.T) {
	p := profile(t, "standard")
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(anySecret, 1, 3).Draw(t, "secrets")
		id, body := anyID.Draw(t, "id"), anyBytes.Draw(t, "body")
		signing := append([]string{GenerateSigningKey()}, secrets...) // v1a is passed over
		h, err := Sign(p, Message{ID: id, Timestamp: time.Unix(anyTime.Draw(t, "time"), 0), Body: body}, signing...)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if err := theirs(t, secret).VerifyIgnoringTimestamp(body, h); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestRefusalsAgree changes genuine calls in ways that both refuse, and in some
// that both accept: they must be of one opinion.
func TestRefusalsAgree(t *testing.T) {
	p := profile(t, "standard")
	const accepted, refused = true, false // by both
	rapid.Check(t, func(t *rapid.T) {
		secret, other := anySecret.Draw(t, "secret"), anySecret.Draw(t, "other secret")
		id, body := anyID.Draw(t, "id"), append([]byte("{"), anyBytes.Draw(t, "body")...)
		now := time.Now()
		sign := func(secret string, at time.Time) http.Header {
			h, err := Sign(p, Message{ID: id, Timestamp: at, Body: body}, secret)
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		h := sign(secret, now)
		good := h.Get("webhook-signature")
		// Seconds that are clear of the tolerance and of the time that this takes.
		near, far := rapid.Int64Range(0, 240).Draw(t, "near"), rapid.Int64Range(400, 1e9).Draw(t, "far")
		changes := []struct {
			name string
			want bool
			do   func()
		}{
			{"nothing", accepted, func() {}},
			{"a bit late", accepted, func() { h = sign(secret, now.Add(-time.Duration(near)*time.Second)) }},
			{"a bit early", accepted, func() { h = sign(secret, now.Add(time.Duration(near)*time.Second)) }},
			{"among others", accepted, func() { h.Set("webhook-signature", "v2,x v1a,y "+sign(other, now).Get("webhook-signature")+" "+good) }},
			{"late", refused, func() { h = sign(secret, now.Add(-time.Duration(far)*time.Second)) }},
			{"early", refused, func() { h = sign(secret, now.Add(time.Duration(far)*time.Second)) }},
			{"another secret", secret == other, func() { h = sign(other, now) }},
			{"another body", refused, func() {
				body[rapid.IntRange(0, len(body)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			}},
			{"a longer body", refused, func() { body = append(body, '\n') }},
			{"another id", refused, func() { h.Set(HeaderID, id+"x") }},
			{"another time", refused, func() { h.Set(HeaderTimestamp, strconv.FormatInt(now.Unix()-1, 10)) }},
			{"a time that is none", refused, func() { h.Set(HeaderTimestamp, "now") }},
			{"another version", refused, func() { h.Set("webhook-signature", "v1a,"+good[3:]) }},
			{"a cut signature", refused, func() { h.Set("webhook-signature", good[:rapid.IntRange(0, len(good)-1).Draw(t, "length")]) }},
			{"no id", refused, func() { h.Del(HeaderID) }},
			{"no time", refused, func() { h.Del(HeaderTimestamp) }},
			{"no signature", refused, func() { h.Del("webhook-signature") }},
		}
		change := rapid.SampledFrom(changes).Draw(t, "change")
		change.do()
		_, ours := Verify(p, h, body, secret)
		if their := theirs(t, secret).Verify(body, h); (ours == nil) != change.want || (their == nil) != change.want {
			t.Fatalf("%s: ours %v, theirs %v; accepted %v", change.name, ours, their, change.want)
		}
	})
}

// What both understand of secrets is the same key; ours takes no more than
// theirs.
func TestSecretsAgree(t *testing.T) {
	p := profile(t, "standard")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			anySecret,
			rapid.StringMatching(`whsec_[A-Za-z0-9+/=\n]{0,90}`),
			rapid.Map(anySecret, func(s string) string { return strings.TrimRight(s, "=") }),
		).Draw(t, "secret")
		h, err := Sign(p, Message{ID: "msg_1", Timestamp: time.Unix(1, 0)}, text)
		if err != nil {
			return
		}
		if err := theirs(t, text).VerifyIgnoringTimestamp(nil, h); err != nil {
			t.Fatal(err)
		}
	})
}
