package webhook

import (
	"bytes"
	"crypto/ed25519"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzSecret checks what is read of secrets and keys: the one way of writing
// each is accepted, no error repeats any of it, and what signs verifies.
func FuzzSecret(f *testing.F) {
	for _, seed := range []string{"", "test_key", secretA, secretB, signingKey, publicKey, "whsk_", "whpk_", "whsec_", signingKey + "\n",
		"whsk_" + signingKey[6:], "whpk_" + publicKey[5:20] + "\r\n" + publicKey[20:], strings.ToUpper(signingKey)} {
		f.Add(seed)
	}
	profiles := append(Profiles(), secretProfile)
	f.Fuzz(func(t *testing.T, secret string) {
		public, err := PublicKey(secret)
		quiet(t, secret, err)
		if raw, ok := decoded(EncodingBase64, strings.TrimPrefix(secret, "whsk_")); (err == nil) != (ok && strings.HasPrefix(secret, "whsk_") &&
			len(raw) == 64 && bytes.Equal(ed25519.NewKeyFromSeed(raw[:32]), raw)) {
			t.Fatalf("PublicKey(%q) = %q, %v", secret, public, err)
		}
		kid, err := KeyID(secret)
		quiet(t, secret, err)
		if raw, ok := decoded(EncodingBase64, strings.TrimPrefix(secret, "whpk_")); (err == nil) != (ok && strings.HasPrefix(secret, "whpk_") && len(raw) == 32) {
			t.Fatalf("KeyID(%q) = %q, %v", secret, kid, err)
		}
		for _, p := range profiles {
			bad := p.CheckSecret(secret)
			quiet(t, secret, bad)
			s, err := NewSigner(p, secret)
			if (err == nil) != (bad == nil) {
				t.Fatalf("%s: CheckSecret(%q): %v, NewSigner: %v", p.Name, secret, bad, err)
			}
			v, err := NewVerifier(p, []string{secret})
			quiet(t, secret, err)
			if bad != nil {
				if err == nil && !strings.HasPrefix(secret, "whpk_") {
					t.Fatalf("%s: %q verifies, but does not sign: %v", p.Name, secret, bad)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %q signs, but does not verify: %v", p.Name, secret, err)
			}
			h := make(http.Header)
			if err := s.Sign(Message{ID: "msg_1", Timestamp: time.Now()}, h); err != nil {
				t.Fatal(err)
			}
			if _, err := v.Verify(h, nil); err != nil {
				t.Fatalf("%s with %q: %v", p.Name, secret, err)
			}
		}
	})
}

// secretProfile takes signing keys alone.
var secretProfile = Profile{
	Name: "keys", Shape: ShapeRaw, SignatureHeader: "X-Sig", Content: ContentBody,
	Algorithm: AlgorithmEd25519, KeyForm: KeyWhsk, Encoding: EncodingHex, Layout: LayoutOne,
}

// quiet fails if the error repeats what is secret of a secret.
func quiet(t *testing.T, secret string, err error) {
	t.Helper()
	for _, prefix := range []string{"whsec_", "whsk_", "whpk_"} {
		secret = strings.TrimPrefix(secret, prefix)
	}
	if err != nil && len(secret) > 12 && strings.Contains(err.Error(), secret) {
		t.Fatalf("the error repeats the secret: %v", err)
	}
}
