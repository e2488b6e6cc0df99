package body

import (
	"fmt"
	"testing"
)

// event is a typical body: 512 bytes, some of them white space.
func event() []byte {
	b := []byte(`{ "data": { "job_id": "b98d467c-01df-43e9-8a03-d3c92ab71a17", "is_error": false,
 "callback_url": "https://your.callback.server/results?x=1&y=2", "result": { "policy_categories": [
 {"name": "ARMS_AMMO", "description": "Arms & Ammunition", "risk_level": "HIGH"},
 {"name": "DEATH_INJURY", "description": "Death, Injury or \u00e8 Conflict", "risk_level": "MEDIUM"}],
 "metadata": {"width": 720, "height": 480, "fps": 30.0, "duration": 11.5859375, "seconds_processed": 11},
 "url": "https://media.example/clip.mp4" } } }`)
	for len(b) < 512 {
		b = append(b, ' ')
	}
	return b
}

// document is an array of events, each in an object behind the given members,
// of a bit more than size bytes.
func document(size int, members string) []byte {
	b := []byte("[")
	for i := 0; len(b) < size; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "{%s\"event\":", members)
		b = append(append(b, event()...), '}')
	}
	return append(b, ']')
}

func BenchmarkStable(b *testing.B) {
	for _, bench := range []struct {
		name string
		src  []byte
	}{
		{"512B", event()},
		{"1MiB", document(1<<20, "")},
		{"1MiB-disordered", document(1<<20, `"a":1,"2":3,"1":2,`)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.src)))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				var err error
				if dst, err = Stable(dst[:0], bench.src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
