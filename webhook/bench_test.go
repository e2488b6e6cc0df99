package webhook

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func BenchmarkSign(b *testing.B) {
	run(b, func(b *testing.B, p Profile, m Message, secret string) {
		s, err := NewSigner(p, secret)
		if err != nil {
			b.Fatal(err)
		}
		h := make(http.Header)
		for b.Loop() {
			if err := s.Sign(m, h); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	run(b, func(b *testing.B, p Profile, m Message, secret string) {
		h, err := Sign(p, m, secret)
		if err != nil {
			b.Fatal(err)
		}
		v, err := NewVerifier(p, []string{secret})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := v.Verify(h, m.Body); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// run measures a profile that signs the body alone, one that signs more, and the
// latter with ed25519, with an event's usual size and a large one.
func run(b *testing.B, bench func(b *testing.B, p Profile, m Message, secret string)) {
	for _, c := range []struct{ name, profile, secret string }{
		{"unitary", "unitary", secretA}, {"standard", "standard", secretA}, {"v1a", "standard", signingKey},
	} {
		for _, size := range []int{512, 64 << 10} {
			b.Run(fmt.Sprintf("%s/%dB", c.name, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				bench(b, profile(b, c.profile), Message{
					ID:        "msg_2b8pQ1",
					Timestamp: time.Now().Add(time.Minute),
					Body:      []byte(strings.Repeat("x", size)),
				}, c.secret)
			})
		}
	}
}
