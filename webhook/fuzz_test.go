package webhook

import (
	"net/http"
	"testing"
	"time"
)

// FuzzVerify gives a verifier whose secret nobody knows whatever headers and
// body: it must not panic and must not accept them. The same headers with the
// fields and the signature that the secret makes must be accepted.
func FuzzVerify(f *testing.F) {
	for i, p := range Profiles() {
		for _, v := range vectors(f) {
			if v.Profile == p.Name {
				f.Add(uint8(i), v.header().Get(p.SignatureHeader), v.ID, "1732104000", "1", []byte(v.Body))
			}
		}
	}
	f.Add(uint8(2), "v1,, v1a,x  v1,", "a.b", "-0", "x", []byte(nil))
	f.Add(uint8(0), "zz", "\x00", "99999999999999999999", "99999999999999999999", []byte("{}"))
	secret := GenerateSecret()
	f.Fuzz(func(t *testing.T, row uint8, signature, id, timestamp, attempt string, body []byte) {
		all := Profiles()
		p := all[int(row)%len(all)]
		at := time.Unix(1732104000, 0)
		v, err := NewVerifier(p, []string{secret}, Now(func() time.Time { return at }))
		if err != nil {
			t.Fatal(err)
		}
		h := make(http.Header)
		h.Set(HeaderID, id)
		h.Set(HeaderTimestamp, timestamp)
		h.Set(HeaderAttempt, attempt)
		h.Set(p.SignatureHeader, signature)
		if d, err := v.Verify(h, body); err == nil {
			t.Fatalf("accepted %v as %+v", h, d)
		}
		s, err := NewSigner(p, secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Sign(Message{ID: id, Timestamp: at, Body: body}, h); err != nil {
			return // an id that cannot be signed
		}
		d, err := v.Verify(h, body)
		if err != nil {
			t.Fatal(err)
		}
		if d.IDVerified && d.ID != id {
			t.Fatalf("id %q was signed, %q came out", id, d.ID)
		}
	})
}
