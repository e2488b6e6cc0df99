package webhook

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// schemeVector is a case of testdata/schemes.json, which testdata/schemes.py
// made with Python's hmac and OpenSSL's ed25519.
type schemeVector struct {
	vector

	Algorithm Algorithm
	Encoding  Encoding
	Content   Content
	Prefix    string
}

// profileOf is the custom profile of the case, or the built-in one that it names.
func (v *schemeVector) profileOf(t *testing.T) Profile {
	if v.Profile != "" {
		return profile(t, v.Profile)
	}
	p := Profile{
		Name: "custom", Shape: ShapeRaw, SignatureHeader: "X-Custom-Signature", Layout: LayoutOne,
		Algorithm: v.Algorithm, KeyForm: KeyText, Encoding: v.Encoding, Content: v.Content, Prefix: v.Prefix,
	}
	if v.Algorithm == AlgorithmEd25519 {
		p.KeyForm = KeyWhsk
	}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSchemesAgreeWithOthers is the differential test of all that the Standard
// Webhooks library for Go does not have: v1a, and custom profiles.
func TestSchemesAgreeWithOthers(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "schemes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []schemeVector `json:"cases"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	// 4 bodies; v1a, and 4 algorithms × 2 encodings × 3 contents.
	if want := 4 * (1 + 4*2*3); len(file.Cases) != want {
		t.Errorf("%d cases; want %d", len(file.Cases), want)
	}
	for i, v := range file.Cases {
		t.Run(fmt.Sprint(i, v.Profile, v.Algorithm, v.Encoding, v.Content), func(t *testing.T) {
			p := v.profileOf(t)
			got, err := Sign(p, v.message(), v.Secret...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(v.header(), got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			known := v.Secret
			if v.PublicKey != "" {
				known = append(known, v.PublicKey)
			}
			for _, secret := range known {
				verifier, err := NewVerifier(p, []string{secret}, v.clock(-4*time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := verifier.Verify(v.header(), []byte(v.Body)); err != nil {
					t.Errorf("does not verify: %v", err)
				}
				if _, err := verifier.Verify(v.header(), []byte(v.Body+" ")); err == nil {
					t.Error("another body verifies")
				}
			}
		})
	}
}
