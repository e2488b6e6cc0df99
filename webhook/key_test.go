package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"
)

// rewritten gives the key with its bytes changed.
func rewritten(t *testing.T, key string, change func([]byte) []byte) string {
	t.Helper()
	prefix, text, _ := strings.Cut(key, "_")
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return prefix + "_" + base64.StdEncoding.EncodeToString(change(raw))
}

func TestSigningKeysAreChecked(t *testing.T) {
	const form = `secret must be "whsk_" followed by the base64 of 64 bytes, an ed25519 seed and its public key`
	cut := func(n int) func([]byte) []byte { return func(raw []byte) []byte { return raw[:n] } }
	flip := func(i int) func([]byte) []byte {
		return func(raw []byte) []byte { raw[i] ^= 1; return raw }
	}
	const halves = `secret ("whsk_") holds a public key that does not belong to its seed`
	tests := map[string]string{ // key → error
		signingKey:                               "",
		GenerateSigningKey():                     "",
		rewritten(t, signingKey, flip(0)):        halves,
		rewritten(t, signingKey, flip(63)):       halves,
		rewritten(t, signingKey, cut(32)):        form,
		rewritten(t, signingKey, cut(63)):        form,
		signingKey + "AAAA":                      form,
		"whsk_":                                  form,
		signingKey[:len(signingKey)-2]:           form, // no padding
		signingKey[:50] + "\n" + signingKey[50:]: form,
		strings.Replace(signingKey, "/", "_", 1): form, // the alphabet of URLs
		rewritten(t, signingKey, func(raw []byte) []byte { return append(raw[32:], raw[:32]...) }): halves,
	}
	for key, want := range tests {
		_, err := PublicKey(key)
		for name, err := range map[string]error{
			"PublicKey": err, "CheckSecret": profile(t, "standard").CheckSecret(key), "CheckSecret of keys": secretProfile.CheckSecret(key),
		} {
			if got := message(err); got != want {
				t.Errorf("%s(%q): got %q, want %q", name, key, got, want)
			}
		}
		if _, err := NewVerifier(profile(t, "standard"), []string{key}); message(err) != want {
			t.Errorf("NewVerifier(%q): got %v, want %q", key, err, want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPublicKeysAreChecked(t *testing.T) {
	const form = `public key must be "whpk_" followed by the base64 of 32 bytes`
	for key, want := range map[string]string{
		publicKey: "",
		rewritten(t, publicKey, func(raw []byte) []byte { return raw[:31] }):               form,
		rewritten(t, publicKey, func(raw []byte) []byte { return append(raw[:32:32], 0) }): form,
		publicKey + "\n":             form,
		publicKey[:len(publicKey)-1]: form,
		"whpk_":                      form,
	} {
		if _, err := KeyID(key); message(err) != want {
			t.Errorf("KeyID(%q): got %v, want %q", key, err, want)
		}
		if _, err := NewVerifier(profile(t, "standard"), []string{key}); message(err) != want {
			t.Errorf("NewVerifier(%q): got %v, want %q", key, err, want)
		}
	}
	for _, key := range []string{signingKey, secretA, "", publicKey[5:]} {
		if _, err := KeyID(key); message(err) != form {
			t.Errorf("KeyID(%q): got %v, want %q", key, err, form)
		}
		if key != signingKey {
			if _, err := PublicKey(key); err == nil {
				t.Errorf("PublicKey takes %q", key)
			}
		}
	}
}

// The kid is published: it must not change from one version to the next. This
// one was computed with Python's hashlib.
func TestKeyID(t *testing.T) {
	kid, err := KeyID(publicKey)
	if err != nil || kid != "Vkdap1RjR0wC" {
		t.Errorf("got %q, %v", kid, err)
	}
}

func TestGenerateSigningKey(t *testing.T) {
	a, b := GenerateSigningKey(), GenerateSigningKey()
	if a == b {
		t.Error("the same key twice")
	}
	if err := profile(t, "standard").CheckSecret(a); err != nil {
		t.Error(err)
	}
}

// A key of one kind is never taken for one of another.
func TestWrongKindsOfKeys(t *testing.T) {
	const (
		public = `secret is a public key ("whpk_"), which cannot sign; sign with the "whsk_" it belongs to`
		text   = `secret is an ed25519 key ("whsk_" or "whpk_"), and this profile signs with hmac-sha256: give it another secret, or choose a profile that signs with ed25519`
		whsk   = `secret must be "whsk_" followed by the base64 of 64 bytes, an ed25519 seed and its public key`
	)
	for _, p := range append(Profiles(), secretProfile) {
		for _, key := range []string{signingKey, publicKey, secretA, "whsk_", "whsk_x", "whpk_x"} {
			var sign, verify string
			switch asymmetric := strings.HasPrefix(key, "whsk_") || strings.HasPrefix(key, "whpk_"); {
			case p.KeyForm == KeyText && asymmetric:
				sign, verify = text, text
			case p.KeyForm == KeyText || key == signingKey || key == secretA && p.KeyForm == KeyWhsec:
			case key == publicKey:
				sign = public
			case key == "whpk_x":
				sign = `public key must be "whpk_" followed by the base64 of 32 bytes`
				verify = sign
			default:
				sign, verify = whsk, whsk
			}
			if got := message(p.CheckSecret(key)); got != sign {
				t.Errorf("%s: CheckSecret(%q): %s; want %s", p.Name, key, got, sign)
			}
			if _, err := NewSigner(p, key); message(err) != sign {
				t.Errorf("%s: NewSigner with %q: %v; want %s", p.Name, key, err, sign)
			}
			if _, err := NewVerifier(p, []string{key}); message(err) != verify {
				t.Errorf("%s: NewVerifier with %q: %v; want %s", p.Name, key, err, verify)
			}
		}
	}
}

// Several secrets of both kinds sign in their order, and each receiver finds
// its own.
func TestV1AndV1aTogether(t *testing.T) {
	p, at, body := profile(t, "standard"), time.Unix(1732104000, 0), []byte(`{}`)
	h, err := Sign(p, Message{ID: "msg_1", Timestamp: at, Body: body}, signingKey, secretA, secretsOf(secretProfile)[1])
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for element := range strings.FieldsSeq(h.Get("webhook-signature")) {
		version, _, _ := strings.Cut(element, ",")
		order = append(order, version)
	}
	if strings.Join(order, " ") != "v1a v1 v1a" {
		t.Errorf("signatures of the versions %v", order)
	}
	clock := Now(func() time.Time { return at })
	for _, secrets := range [][]string{{signingKey}, {publicKey}, {secretA}, {secretB, publicKey}, secretsOf(secretProfile)[1:]} {
		v, err := NewVerifier(p, secrets, clock)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(h, body); err != nil {
			t.Errorf("%q: %v", secrets, err)
		}
	}
	for want, secrets := range map[string][]string{
		"signature mismatch in webhook-signature: the secret is another one, or the body is not the one that was signed": {secretB, GenerateSigningKey()},
		"signature mismatch in webhook-signature: it holds no signature of version v1a":                                  {publicKey},
		"signature mismatch in webhook-signature: it holds no signature of version v1a or v1":                            {publicKey, secretA},
	} {
		v, err := NewVerifier(p, secrets, clock)
		if err != nil {
			t.Fatal(err)
		}
		h := h.Clone()
		if strings.Contains(want, "v1a") {
			h.Set("webhook-signature", "v2,x v1b,x")
		}
		_, err = v.Verify(h, body)
		wantReason(t, err, ReasonSignatureMismatch, "webhook-signature")
		if err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestV1aSignatureForms covers what is no signature, or not the one way to
// write it (RFC 8032, 5.1.7: S is less than the order of the group).
func TestV1aSignatureForms(t *testing.T) {
	p, at, body := profile(t, "standard"), time.Unix(1732104000, 0), []byte(`{"a":1}`)
	v, err := NewVerifier(p, []string{publicKey}, Now(func() time.Time { return at }))
	if err != nil {
		t.Fatal(err)
	}
	h, err := Sign(p, Message{ID: "msg_1", Timestamp: at, Body: body}, signingKey)
	if err != nil {
		t.Fatal(err)
	}
	good := h.Get("webhook-signature")
	raw, err := base64.StdEncoding.DecodeString(good[4:])
	if err != nil {
		t.Fatal(err)
	}
	write := func(raw []byte) string { return "v1a," + base64.StdEncoding.EncodeToString(raw) }
	other := write(make([]byte, 64))
	// The order of the group, 2^252 + 27742317777372353535851937790883648493.
	order := []byte{
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
	}
	larger := bytes.Clone(raw)
	carry := 0
	for i, b := range order {
		sum := int(larger[32+i]) + int(b) + carry
		larger[32+i], carry = byte(sum), sum>>8
	}
	identity := append(append([]byte{1}, make([]byte, 31)...), make([]byte, 32)...)
	for value, want := range map[string]Reason{
		good:                                "",
		other + " " + good:                  "",
		"v1,x v2,y " + good + " v1a,x":      "",
		strings.Repeat(other+" ", 7) + good: "",
		strings.Repeat(other+" ", 8) + good: ReasonSignatureMismatch, // no more than eight are tried
		other:                               ReasonSignatureMismatch,
		write(larger):                       ReasonSignatureMismatch,
		write(identity):                     ReasonSignatureMismatch,
		"v1," + good[4:]:                    ReasonSignatureMismatch, // of no version that the key makes
		"V1A," + good[4:]:                   ReasonSignatureMismatch,
		good[4:]:                            ReasonSignatureMismatch,
		"":                                  ReasonSignatureMismatch,
		"v1a,":                              ReasonMalformedHeader,
		good[:len(good)-1]:                  ReasonMalformedHeader,
		good + "=":                          ReasonMalformedHeader,
		write(raw[:63]):                     ReasonMalformedHeader,
		write(raw[:32]):                     ReasonMalformedHeader,
		write(append(raw[:64:64], 0)):       ReasonMalformedHeader,
		good[:60] + "\n" + good[60:]:        ReasonMalformedHeader,
		good[:len(good)-3] + "x==":          ReasonMalformedHeader, // set bits that belong to no byte
	} {
		h := http.Header{"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {"1732104000"}, "Webhook-Signature": {value}}
		_, err := v.Verify(h, body)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", value, err)
			}
			continue
		}
		wantReason(t, err, want, "webhook-signature")
	}
}

// TestRFC8032 has the first three tests of RFC 8032, section 7.1.
func TestRFC8032(t *testing.T) {
	for _, tt := range []struct{ seed, public, message, signature string }{
		{
			"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
		},
		{
			"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
		},
		{
			"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
		},
	} {
		key := "whsk_" + base64.StdEncoding.EncodeToString(append(unhex(t, tt.seed), unhex(t, tt.public)...))
		h, err := Sign(secretProfile, Message{Body: unhex(t, tt.message)}, key)
		if err != nil || h.Get("X-Sig") != tt.signature {
			t.Errorf("got %v, %v; want %s", h, err, tt.signature)
		}
		public := "whpk_" + base64.StdEncoding.EncodeToString(unhex(t, tt.public))
		if _, err := Verify(secretProfile, http.Header{"X-Sig": {tt.signature}}, unhex(t, tt.message), public); err != nil {
			t.Error(err)
		}
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A signature counts under the version that it was made for alone, even where
// those of the other have the same size.
func TestVersionsAreNotMixedUp(t *testing.T) {
	p := profile(t, "standard")
	p.Name, p.Algorithm = "sha512", AlgorithmHMACSHA512
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1732104000, 0)
	v, err := NewVerifier(p, []string{secretA, publicKey}, Now(func() time.Time { return at }))
	if err != nil {
		t.Fatal(err)
	}
	for secret, versions := range map[string][2]string{secretA: {"v1,", "v1a,"}, signingKey: {"v1a,", "v1,"}} {
		h, err := Sign(p, Message{ID: "msg_1", Timestamp: at}, secret)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(h, nil); err != nil {
			t.Error(err)
		}
		text, ok := strings.CutPrefix(h.Get("webhook-signature"), versions[0])
		if !ok {
			t.Fatalf("signed with %v", h)
		}
		h.Set("webhook-signature", versions[1]+text)
		_, err = v.Verify(h, nil)
		wantReason(t, err, ReasonSignatureMismatch, "webhook-signature")
	}
}
