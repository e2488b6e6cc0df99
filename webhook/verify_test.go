package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
)

// wantReason checks that err is a VerifyError of the reason about the header,
// and that it can be asked for in each of the documented ways.
func wantReason(t *testing.T, err error, reason Reason, header string) {
	t.Helper()
	e, ok := errors.AsType[*VerifyError](err)
	if !ok {
		t.Fatalf("got %v, want a VerifyError of reason %s", err, reason)
	}
	if e.Reason != reason || e.Header != header {
		t.Errorf("got %s about %s (%v), want %s about %s", e.Reason, e.Header, e, reason, header)
	}
	if !errors.Is(err, &VerifyError{Reason: reason}) || !errors.Is(err, &VerifyError{Reason: reason, Header: header}) {
		t.Errorf("errors.Is does not find %s", reason)
	}
	if errors.Is(err, &VerifyError{Reason: "other"}) || errors.Is(err, &VerifyError{Reason: reason, Header: "other"}) {
		t.Errorf("errors.Is finds other reasons in %v", err)
	}
}

// signed returns the vectors with a secret, and for each a verifier whose clock
// is right.
func signed(t *testing.T, each func(t *testing.T, v *vector, verifier *Verifier)) {
	for _, v := range vectors(t) {
		if len(v.Secret) == 0 {
			continue
		}
		t.Run(v.Profile+"/"+v.Name, func(t *testing.T) {
			verifier, err := NewVerifier(profile(t, v.Profile), v.Secret, v.clock(0))
			if err != nil {
				t.Fatal(err)
			}
			each(t, &v, verifier)
		})
	}
}

func TestVerifyRefusesChangedBodies(t *testing.T) {
	signed(t, func(t *testing.T, v *vector, verifier *Verifier) {
		h, body := v.header(), []byte(v.Body)
		refuse := func(body []byte) {
			t.Helper()
			d, err := verifier.Verify(h, body)
			wantReason(t, err, ReasonSignatureMismatch, verifier.profile.SignatureHeader)
			if d.Body != nil || d.ID != "" {
				t.Errorf("a refused call gives %+v", d)
			}
		}
		for i := range body {
			body[i] ^= 1
			refuse(body)
			body[i] ^= 1
		}
		refuse(nil)
		refuse(body[:len(body)-1])
		refuse(append(bytes.Clone(body), '\n'))
		if _, err := verifier.Verify(h, body); err != nil {
			t.Errorf("the body as it was: %v", err)
		}
	})
}

func TestVerifyRefusesChangedHeaders(t *testing.T) {
	signed(t, func(t *testing.T, v *vector, verifier *Verifier) {
		p := verifier.profile
		for _, name := range p.Headers() {
			if v.header().Get(name) == "" || name == "User-Agent" {
				continue // not signed
			}
			good := v.header()
			wire := name
			for w := range v.Headers {
				if strings.EqualFold(w, name) {
					wire = w
				}
			}
			value := good.Get(name)

			h := good.Clone()
			h.Del(name)
			_, err := verifier.Verify(h, []byte(v.Body))
			wantReason(t, err, ReasonMissingHeader, wire)
			if want := "missing header " + wire; err.Error() != want {
				t.Errorf("message %q, want %q", err, want)
			}

			h = good.Clone()
			h.Add(name, value)
			_, err = verifier.Verify(h, []byte(v.Body))
			wantReason(t, err, ReasonMalformedHeader, wire)
		}
	})
}

func TestVerifyRefusesOtherSecrets(t *testing.T) {
	signed(t, func(t *testing.T, v *vector, verifier *Verifier) {
		p := verifier.profile
		verifier, err := NewVerifier(p, []string{GenerateSecret(), GenerateSecret()}, v.clock(0))
		if err != nil {
			t.Fatal(err)
		}
		_, err = verifier.Verify(v.header(), []byte(v.Body))
		wantReason(t, err, ReasonSignatureMismatch, p.SignatureHeader)
		verifier, err = NewVerifier(p, []string{GenerateSecret(), v.Secret[0]}, v.clock(0))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.Verify(v.header(), []byte(v.Body)); err != nil {
			t.Errorf("the second of two secrets: %v", err)
		}
	})
}

func TestVerifierNeedsASecret(t *testing.T) {
	for _, p := range Profiles() {
		for _, secrets := range [][]string{nil, {}, {""}, {GenerateSecret(), ""}} {
			if _, err := NewVerifier(p, secrets); err == nil {
				t.Errorf("%s: NewVerifier takes %q", p.Name, secrets)
			}
			_, err := Verify(p, http.Header{}, nil, secrets...)
			if _, ok := errors.AsType[*VerifyError](err); err == nil || ok {
				t.Errorf("%s: Verify with %q gives %v", p.Name, secrets, err)
			}
		}
	}
}

func TestVerifierOptionsAreChecked(t *testing.T) {
	for _, opt := range []VerifierOption{Tolerance(0), Tolerance(-time.Second), Now(nil)} {
		if _, err := NewVerifier(profile(t, "standard"), []string{secretA}, opt); err == nil {
			t.Error("an impossible option was taken")
		}
	}
}

// timestampHeader is where the profile sends the time.
func timestampHeader(p Profile) string {
	if p.Layout == LayoutTimestamped {
		return p.SignatureHeader
	}
	return HeaderTimestamp
}

func TestTimestampTolerance(t *testing.T) {
	const m, s = time.Minute, time.Second
	tests := []struct {
		late, tolerance time.Duration
		want            string // "" = accepted
		skew            time.Duration
	}{
		{0, 5 * m, "", 0},
		{5 * m, 5 * m, "", 0},
		{5*m + 999*time.Millisecond, 5 * m, "", 0}, // whole seconds count
		{5*m + s, 5 * m, "signed 5m1s ago, tolerance 5m0s", 5*m + s},
		{7*m + 12*s, 5 * m, "signed 7m12s ago, tolerance 5m0s", 7*m + 12*s},
		{-5 * m, 5 * m, "", 0},
		{-5*m - s, 5 * m, "signed 5m1s in the future, tolerance 5m0s", -5*m - s},
		{-48 * time.Hour, 5 * m, "signed 48h0m0s in the future, tolerance 5m0s", -48 * time.Hour},
		{9 * m, 10 * m, "", 0},
		{31 * s, 30 * s, "signed 31s ago, tolerance 30s", 31 * s},
	}
	signed(t, func(t *testing.T, v *vector, verifier *Verifier) {
		if !verifier.profile.signsTimestamp() {
			return
		}
		for _, tt := range tests {
			verifier, err := NewVerifier(verifier.profile, v.Secret, v.clock(tt.late), Tolerance(tt.tolerance))
			if err != nil {
				t.Fatal(err)
			}
			_, err = verifier.Verify(v.header(), []byte(v.Body))
			if tt.want == "" {
				if err != nil {
					t.Errorf("late by %v: %v", tt.late, err)
				}
				continue
			}
			wantReason(t, err, ReasonTimestampSkew, timestampHeader(verifier.profile))
			if e, _ := errors.AsType[*VerifyError](err); err.Error() != tt.want || e.Skew != tt.skew {
				t.Errorf("late by %v: %q, skew %v; want %q, %v", tt.late, err, e.Skew, tt.want, tt.skew)
			}
		}
	})
}

func TestDefaultToleranceAndClock(t *testing.T) {
	for _, name := range []string{"standard", "stripe"} {
		p := profile(t, name)
		for late, good := range map[time.Duration]bool{0: true, 4 * time.Minute: true, 6 * time.Minute: false, -6 * time.Minute: false} {
			h, err := Sign(p, Message{ID: "msg_1", Timestamp: time.Now().Add(-late)}, secretA)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Verify(p, h, nil, secretA); (err == nil) != good {
				t.Errorf("%s: late by %v: %v", name, late, err)
			}
		}
	}
}

// TestExtremeClocks checks that no difference of times overflows into the
// tolerance.
func TestExtremeClocks(t *testing.T) {
	p := profile(t, "standard")
	for _, now := range []int64{math.MinInt64, -1 << 62, 0, maxTimestamp, 1 << 62, math.MaxInt64} {
		for _, at := range []int64{1, 1732104000, maxTimestamp} {
			if now == at {
				continue
			}
			h, err := Sign(p, Message{ID: "msg_1", Timestamp: time.Unix(at, 0)}, secretA)
			if err != nil {
				t.Fatal(err)
			}
			v, err := NewVerifier(p, []string{secretA}, Tolerance(time.Nanosecond),
				Now(func() time.Time { return time.Unix(now, 0) }))
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(h, nil)
			wantReason(t, err, ReasonTimestampSkew, HeaderTimestamp)
		}
	}
}

// TestErrorsKeepTheSignature checks that no error gives away what would have
// been accepted.
func TestErrorsKeepTheSignature(t *testing.T) {
	signed(t, func(t *testing.T, v *vector, verifier *Verifier) {
		h := v.header()
		prefix := verifier.profile.Prefix
		if v.PublicKey != "" {
			prefix = verifier.profile.Ed25519Prefix
		}
		_, good, found := strings.Cut(h.Get(verifier.profile.SignatureHeader), prefix)
		if !found || len(good) < 44 {
			t.Fatalf("the vector's signature is %q", good)
		}
		stamp := fmt.Sprintf("t=%d,v1=", v.Timestamp)
		for _, bad := range []string{
			"", "v1,", "v1," + strings.Repeat("A", 43) + "=", strings.Repeat("0", 64), "sha256=" + strings.Repeat("0", 64),
			stamp, stamp + strings.Repeat("0", 64), "t=1,v1=" + strings.Repeat("0", 64),
		} {
			h.Set(verifier.profile.SignatureHeader, bad)
			_, err := verifier.Verify(h, []byte(v.Body))
			if err == nil || strings.Contains(err.Error(), good[:10]) || strings.Contains(err.Error(), v.Secret[0]) {
				t.Errorf("error %v", err)
			}
		}
	})
}
