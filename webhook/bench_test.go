package webhook

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func BenchmarkSign(b *testing.B) {
	run(b, func(b *testing.B, p Profile, m Message) {
		s, err := NewSigner(p, secretA)
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
	run(b, func(b *testing.B, p Profile, m Message) {
		h, err := Sign(p, m, secretA)
		if err != nil {
			b.Fatal(err)
		}
		v, err := NewVerifier(p, []string{secretA})
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

// run measures a profile that signs the body alone and one that signs more,
// with an event's usual size and a large one.
func run(b *testing.B, bench func(*testing.B, Profile, Message)) {
	for _, name := range []string{"unitary", "standard"} {
		for _, size := range []int{512, 64 << 10} {
			b.Run(fmt.Sprintf("%s/%dB", name, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				bench(b, profile(b, name), Message{
					ID:        "msg_2b8pQ1",
					Timestamp: time.Now().Add(time.Minute),
					Body:      []byte(strings.Repeat("x", size)),
				})
			})
		}
	}
}
