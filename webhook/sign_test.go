package webhook

import (
	"math"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	secretA = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
	secretB = "whsec_GBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc="
	// The pair of keys that the vectors have.
	signingKey = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA=="
	publicKey  = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
)

func profile(t testing.TB, name string) Profile {
	t.Helper()
	p, ok := Lookup(name)
	if !ok {
		t.Fatalf("no profile %s", name)
	}
	return p
}

func TestNewSignerRefuses(t *testing.T) {
	tests := []struct {
		profile string
		secrets []string
		want    string
	}{
		{"standard", nil, "profile standard requires a secret"},
		{"standard", []string{""}, "secret is empty"},
		{"standard", []string{"test_key"}, "whsec_"},
		{"standard", []string{secretA, "test_key"}, "secret 2 of 2"},
		{"unitary", []string{""}, "secret is empty"},
		{"unitary", []string{"a", ""}, "secret 2 of 2: secret is empty"},
	}
	for _, tt := range tests {
		_, err := NewSigner(profile(t, tt.profile), tt.secrets...)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s with %q: got %v, want %s", tt.profile, tt.secrets, err, tt.want)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	at := time.Unix(1732104000, 0)
	tests := map[string]Message{
		"empty":       {ID: "", Timestamp: at},
		`'.'`:         {ID: "msg.1", Timestamp: at},
		`' '`:         {ID: "msg 1", Timestamp: at},
		`'\n'`:        {ID: "msg\n1", Timestamp: at},
		`'\x7f'`:      {ID: "msg\x7f", Timestamp: at},
		`byte 3`:      {ID: "msgé", Timestamp: at},
		"timestamp 0": {ID: "msg_1", Timestamp: time.Unix(0, 5)},
		"timestamp -1 is not between 1970 and 9999":           {ID: "msg_1", Timestamp: time.Unix(-1, 0)},
		"timestamp -62135596800 is not between 1970 and 9999": {ID: "msg_1"},
		"timestamp 253402300800":                              {ID: "msg_1", Timestamp: time.Unix(maxTimestamp+1, 0)},
		"timestamp 9223372036854775807":                       {ID: "msg_1", Timestamp: time.Unix(math.MaxInt64, 0)},
	}
	s, err := NewSigner(profile(t, "standard"), secretA)
	if err != nil {
		t.Fatal(err)
	}
	for want, m := range tests {
		h := make(http.Header)
		if err := s.Sign(m, h); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", m, err, want)
		}
		if len(h) != 0 {
			t.Errorf("%+v: headers were set: %v", m, h)
		}
		if _, err := Sign(profile(t, "standard"), m, secretA); err == nil {
			t.Errorf("%+v: Sign has no error", m)
		}
	}
}

func TestSignReplacesHeaders(t *testing.T) {
	p := profile(t, "sharpapi")
	h := http.Header{"User-Agent": {"a", "b"}, "X-Signature": {"a", "b"}, "Webhook-Id": {"msg_1"}}
	s, err := NewSigner(p, "test_key")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sign(Message{Body: []byte("{}")}, h); err != nil {
		t.Fatal(err)
	}
	if len(h["User-Agent"]) != 1 || len(h["X-Signature"]) != 1 {
		t.Errorf("old values stayed: %v", h)
	}
	if h.Get(HeaderID) != "msg_1" {
		t.Error("a header that is not the profile's was touched")
	}
}

func TestExtraHeaders(t *testing.T) {
	p := profile(t, "github")
	const uuid = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
	s, err := NewSigner(p) // unsigned calls have them, too
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"X-Github-Event": {"forged", "twice"}}
	if err := s.Sign(Message{Type: "order.paid", UUID: uuid}, h); err != nil {
		t.Fatal(err)
	}
	want := http.Header{"X-Github-Event": {"order.paid"}, "X-Github-Delivery": {uuid}}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	// Nobody else's value stands in for what a message does not have.
	if err := s.Sign(Message{}, h); err != nil || len(h) != 0 {
		t.Errorf("a message without type and UUID: %v, %v", h, err)
	}
	for _, m := range []Message{{Type: "a b"}, {Type: "a\r\nX-A: b"}, {Type: "é"}, {UUID: uuid + "\n"}, {UUID: "\x7f"}} {
		h := make(http.Header)
		if err := s.Sign(m, h); err == nil || len(h) != 0 {
			t.Errorf("%+v: %v, %v", m, h, err)
		}
	}
	// Profiles without such headers ignore the fields.
	if h, err = Sign(profile(t, "inkit"), Message{Type: "\n", UUID: "\n"}); err != nil || len(h) != 0 {
		t.Errorf("inkit: %v, %v", h, err)
	}
}

func TestStripeSignsWithAllSecrets(t *testing.T) {
	p, at := profile(t, "stripe"), time.Unix(1732104000, 0)
	h, err := Sign(p, Message{Timestamp: at, Body: []byte("{}")}, "current", "before")
	if err != nil {
		t.Fatal(err)
	}
	if form := regexp.MustCompile(`^t=1732104000,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$`); !form.MatchString(h.Get("Stripe-Signature")) || len(h) != 1 {
		t.Errorf("headers %v", h)
	}
	for _, secret := range []string{"current", "before"} {
		v, err := NewVerifier(p, []string{secret}, Now(func() time.Time { return at }))
		if err != nil {
			t.Fatal(err)
		}
		if d, err := v.Verify(h, []byte("{}")); err != nil || !d.Timestamp.Equal(at) || d.IDVerified {
			t.Errorf("%s: %+v, %v", secret, d, err)
		}
	}
	if h, err := Sign(p, Message{Timestamp: at}); err != nil || len(h) != 0 {
		t.Errorf("unsigned: %v, %v", h, err)
	}
	if _, err := Sign(p, Message{}, "current"); err == nil {
		t.Error("a message without a time is signed")
	}
}

func TestOneSignatureComesFromTheFirstSecret(t *testing.T) {
	p, m := profile(t, "inkit"), Message{Body: []byte("{}")}
	both, err := Sign(p, m, "current", "next")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(p, both, m.Body, "current"); err != nil {
		t.Error(err)
	}
	_, err = Verify(p, both, m.Body, "next")
	wantReason(t, err, ReasonSignatureMismatch, "Inkit-Signature")
}

// TestSignerIsShared signs from several goroutines at once, messages of
// different lengths, so that a mixed-up state shows.
func TestSignerIsShared(t *testing.T) {
	p := profile(t, "standard")
	s, err := NewSigner(p, secretA, secretB)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(p, []string{secretB})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				m := Message{
					ID:        "msg_" + strings.Repeat("x", g),
					Timestamp: time.Now(),
					Body:      []byte(strings.Repeat("y", g*i)),
				}
				h := make(http.Header)
				if err := s.Sign(m, h); err != nil {
					t.Error(err)
				}
				if _, err := v.Verify(h, m.Body); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
