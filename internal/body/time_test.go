package body_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringback/ringback/internal/body"
)

// TestAppendTime compares with the standard library.
func TestAppendTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62_135_596_800, 253_402_300_799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).
			In(time.FixedZone("", rapid.IntRange(-50_000, 50_000).Draw(t, "zone")))
		if at.UTC().Year() < 0 || at.UTC().Year() > 9999 {
			t.Skip("a year of more digits")
		}
		for digits, layout := range map[int]string{3: body.TimeFormat, 6: "2006-01-02T15:04:05.000000Z", 9: "2006-01-02T15:04:05.000000000Z"} {
			want := at.UTC().Format(layout)
			if got := string(body.AppendTime([]byte("x"), at, digits)); got != "x"+want {
				t.Fatalf("%s, want %s", got, want)
			}
		}
	})
}

func BenchmarkAppendTime(b *testing.B) {
	at, text := time.Now(), make([]byte, 0, 64)
	for b.Loop() {
		text = body.AppendTime(text[:0], at, 6)
	}
}
