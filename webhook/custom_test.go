package webhook

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// secretsOf are two secrets that the profile signs with.
func secretsOf(p Profile) []string {
	switch p.KeyForm {
	case KeyWhsk:
		return []string{signingKey, "whsk_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8prLrhQbzK8LIuGpTTTQvHNh5SbQv+EsiXlLyTIpZt1w=="}
	case KeyText, KeyWhsec:
		return []string{secretA, secretB}
	default:
		return nil
	}
}

// combinations are all custom profiles that can be, as to their schemes.
func combinations() (all []Profile) {
	for _, algorithm := range []Algorithm{AlgorithmHMACSHA256, AlgorithmHMACSHA512, AlgorithmHMACSHA1, AlgorithmEd25519} {
		for _, form := range []KeyForm{KeyText, KeyWhsec, KeyWhsk} {
			for _, content := range []Content{ContentBody, ContentTimestampBody, ContentIDTimestampBody} {
				for _, layout := range []Layout{LayoutOne, LayoutList, LayoutTimestamped} {
					for _, encoding := range []Encoding{EncodingHex, EncodingBase64} {
						for _, prefix := range []string{"", "v1=", "v1,"} {
							p := Profile{
								Name: "custom", Shape: ShapeRaw, SignatureHeader: "X-Sig", Content: content, Layout: layout,
								Algorithm: algorithm, KeyForm: form, Encoding: encoding, Prefix: prefix,
							}
							if p.Check() == nil {
								all = append(all, p)
							}
						}
					}
				}
			}
		}
	}
	return all
}

// TestFieldsCombine checks that the fields of profiles do what they say in every
// combination, not only in those of the table.
func TestFieldsCombine(t *testing.T) {
	at, body := time.Unix(1732104000, 0), []byte(`{"a":1}`)
	all := combinations()
	// 7 pairs of algorithm and key form, 2 encodings; one: 3 contents, 3
	// prefixes; list: 3 contents, 2 prefixes; timestamped: 2 contents, 1 prefix.
	if want := 7 * 2 * (3*3 + 3*2 + 2*1); len(all) != want {
		t.Errorf("%d combinations; want %d", len(all), want)
	}
	for _, p := range all {
		t.Run(fmt.Sprint(p.Algorithm, p.KeyForm, p.Content, p.Layout, p.Encoding, p.Prefix), func(t *testing.T) {
			secrets := secretsOf(p)
			h, err := Sign(p, Message{ID: "msg_1", Timestamp: at, Body: body}, secrets...)
			if err != nil {
				t.Fatal(err)
			}
			if names := slices.Sorted(maps.Keys(h)); !slices.Equal(names, p.Headers()) {
				t.Errorf("sets %v, says %v", names, p.Headers())
			}
			if _, err := Sign(p, Message{ID: "msg_1", Timestamp: at, Body: body}); err == nil {
				t.Error("calls are unsigned without being allowed to")
			}
			for i, secret := range secrets {
				v, err := NewVerifier(p, []string{secret}, Now(func() time.Time { return at }))
				if err != nil {
					t.Fatal(err)
				}
				d, err := v.Verify(h, body)
				if good := i == 0 || p.Several(); (err == nil) != good {
					t.Fatalf("secret %d: %v", i, err)
				} else if !good {
					continue
				}
				if d.IDVerified != p.signsID() || d.Timestamp.IsZero() == p.signsTimestamp() {
					t.Errorf("%+v", d)
				}
				if _, err := v.Verify(h, []byte(`{"a":2}`)); err == nil {
					t.Error("another body verifies")
				}
			}
			// Whatever is sent and signed cannot be changed.
			alone, err := Sign(p, Message{ID: "msg_1", Timestamp: at, Body: body}, secrets[0])
			if err != nil {
				t.Fatal(err)
			}
			v, err := NewVerifier(p, secrets[:1], Now(func() time.Time { return at }))
			if err != nil {
				t.Fatal(err)
			}
			for name := range alone {
				for i := range len(alone.Get(name)) {
					value := []byte(alone.Get(name))
					value[i] ^= 1
					changed := alone.Clone()
					changed.Set(name, string(value))
					if _, err := v.Verify(changed, body); err == nil {
						t.Fatalf("%s can be changed at byte %d", name, i)
					}
				}
			}
		})
	}
}
