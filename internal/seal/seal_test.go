package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func newSealer(t testing.TB, fill byte) *Sealer {
	t.Helper()
	s, err := New(bytes.Repeat([]byte{fill}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	s := newSealer(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		plaintext, aad := rapid.String().Draw(t, "plaintext"), rapid.String().Draw(t, "aad")
		sealed := s.Seal(plaintext, aad)
		if len(plaintext) >= 4 && bytes.Contains(sealed, []byte(plaintext)) {
			t.Fatal("the plaintext shows")
		}
		got, err := s.Open(sealed, aad)
		if err != nil || got != plaintext {
			t.Fatalf("opened %q, %v", got, err)
		}
	})
}

// knownSealed is "whsec_known" of endpoint:ep_1, sealed with a key of sevens.
const knownSealed = "AR91wNwjbX9RIzUOn5szZBG1VLbt5TMNm4/6sXc6/cekyKQFfM7AaQ=="

// A value sealed by an earlier release must open in every later one.
func TestFormatIsKept(t *testing.T) {
	sealed, err := base64.StdEncoding.DecodeString(knownSealed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := newSealer(t, 7).Open(sealed, "endpoint:ep_1")
	if err != nil || got != "whsec_known" {
		t.Errorf("opened %q, %v", got, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	s := newSealer(t, 1)
	sealed := s.Seal("whsec_secret", "endpoint:ep_1")
	refuse := func(name string, s *Sealer, sealed []byte, aad string) {
		t.Helper()
		got, err := s.Open(sealed, aad)
		if !errors.Is(err, ErrOpen) || got != "" {
			t.Errorf("%s: opened %q, %v", name, got, err)
		}
	}
	refuse("wrong aad", s, sealed, "endpoint:ep_2")
	refuse("no aad", s, sealed, "")
	refuse("wrong key", newSealer(t, 2), sealed, "endpoint:ep_1")
	refuse("longer", s, append(bytes.Clone(sealed), 0), "endpoint:ep_1")
	for i := range sealed {
		refuse("shorter", s, sealed[:i], "endpoint:ep_1")
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			refuse("changed", s, changed, "endpoint:ep_1")
		}
	}
	if got, err := s.Open(sealed, "endpoint:ep_1"); err != nil || got != "whsec_secret" {
		t.Errorf("unchanged: opened %q, %v", got, err)
	}
}

func TestNoncesDiffer(t *testing.T) {
	s := newSealer(t, 1)
	seen := map[string]bool{}
	for range 1000 {
		nonce := string(s.Seal("same", "same")[1:13])
		if seen[nonce] {
			t.Fatal("a nonce was used twice")
		}
		seen[nonce] = true
	}
}

func TestKeySize(t *testing.T) {
	for _, n := range []int{0, 16, 24, 31, 33, 64} {
		if _, err := New(make([]byte, n)); err == nil || !strings.Contains(err.Error(), "32 are needed") {
			t.Errorf("%d bytes: error %v", n, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	key := make([]byte, KeySize)
	for i := range key {
		key[i] = byte(0xf8 + i) // has both characters in which the alphabets differ
	}
	for _, text := range []string{
		base64.StdEncoding.EncodeToString(key),
		base64.RawStdEncoding.EncodeToString(key),
		base64.URLEncoding.EncodeToString(key),
		base64.RawURLEncoding.EncodeToString(key),
		" " + base64.StdEncoding.EncodeToString(key) + "\n",
	} {
		got, err := ParseKey(text)
		if err != nil || !bytes.Equal(got, key) {
			t.Errorf("%q: %x, %v", text, got, err)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	encode := func(n int) string {
		return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("Q"), n))
	}
	good := encode(KeySize)
	for _, tc := range []struct{ text, want string }{
		{"", "is empty"},
		{" \n", "is empty"},
		{encode(31), "has 31 bytes, but 32 are needed"},
		{encode(33), "has 33 bytes"},
		{encode(16), "has 16 bytes"},
		{strings.Repeat("51", KeySize), "has 48 bytes"},
		{good + "=", "is not base64"},
		{good + "==", "is not base64"},
		{good[:20] + "\n" + good[20:], "is not base64"},
		{good[:20] + "=" + good[20:], "is not base64"},
		{good[:20] + "!" + good[21:], "is not base64 (it has 44 characters"},
		{good[:42] + "R=", "is not base64"}, // bits after the last byte
		{"====", "is not base64"},
	} {
		_, err := ParseKey(tc.text)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: error %v, want %q", tc.text, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "UVFRUVFR") {
			t.Errorf("the error repeats the value: %v", err)
		}
	}
}
