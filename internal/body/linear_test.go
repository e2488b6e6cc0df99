package body

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// TestLinearTime runs texts of 4 MiB that take minutes if a step is quadratic in
// the number of members, of objects or of bytes.
func TestLinearTime(t *testing.T) {
	const size = 4 << 20
	many := func(open, shut string, element func(b []byte, i int) []byte) []byte {
		b := append(make([]byte, 0, size+1024), open...)
		for i := 0; len(b) < size; i++ {
			if i > 0 {
				b = append(b, ',')
			}
			b = element(b, i)
		}
		return append(b, shut...)
	}
	member := func(b []byte, name string) []byte {
		return append(append(append(b, '"'), name...), `":0`...)
	}
	bulk := func(b []byte, _ int) []byte { return append(b, `{"k":1.50,"7":"\u00e9"}`...) }
	tests := map[string][]byte{
		"members":    many("{", "}", func(b []byte, i int) []byte { return member(b, "m"+strconv.Itoa(i)) }),
		"descending": many("{", "}", func(b []byte, i int) []byte { return member(b, strconv.Itoa(1<<30-i)) }),
		"mixed": many("{", "}", func(b []byte, i int) []byte {
			if i%2 == 0 {
				return member(b, "m"+strconv.Itoa(i))
			}
			return member(b, strconv.Itoa(1<<30-i))
		}),
		"disordered at every level": many(strings.Repeat(`{"a":0,"1":`, MaxDepth-2)+"[", "]"+strings.Repeat("}", MaxDepth-2), bulk),
		"long escaped string":       append(bytes.Repeat([]byte(`\u00e9\n`), size/8), '"'),
		"long number":               bytes.Repeat([]byte("9"), size),
		"duplicate at the end":      append(many("{", "", func(b []byte, i int) []byte { return member(b, "m"+strconv.Itoa(i)) }), `,"m0":1}`...),
	}
	tests["long escaped string"] = append([]byte{'"'}, tests["long escaped string"]...)
	for name, src := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Stable(nil, src)
			if name == "duplicate at the end" {
				if e, ok := errors.AsType[*SyntaxError](err); !ok || e.Kind != KindDuplicate {
					t.Error(err)
				}
			} else if err != nil {
				t.Error(err)
			}
			// A slow machine under the race detector needs about two seconds.
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			} else {
				t.Log(took)
			}
		})
	}
}

// TestEachByteMovesOnce checks that members change places on all levels of a
// deep document at the price of one copy.
func TestEachByteMovesOnce(t *testing.T) {
	deep := strings.Repeat(`{"a":0,"1":`, MaxDepth) + `"` + strings.Repeat("x", 1000) + `"` + strings.Repeat("}", MaxDepth)
	w := &writer{dec: new(jsontext.Decoder)}
	w.start(nil, []byte(deep))
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if len(w.reorder.objects) != MaxDepth || len(w.reorder.moved) != len(deep) {
		t.Errorf("%d objects and %d bytes moved, want %d and %d",
			len(w.reorder.objects), len(w.reorder.moved), MaxDepth, len(deep))
	}
}
