package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"testing"
)

// FuzzStable checks Stable against encoding/json: what it takes becomes JSON of
// the same meaning that is stable itself, and what it calls malformed is.
func FuzzStable(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Input))
	}
	for _, seed := range []string{
		`{"b":{"2":[{"z":0,"1":1}],"1":{}},"3":12345678901234567891}`, "-0.0", "1E400", "0.1000000000000000055",
		`"\ud83d\ude80\u2028\u0000"`, `{"a":1,"a":2}`, "\xef\xbb\xbf1", "\"\xff\"", `"\ud800"`, "[1,]", "", "1 2",
		strings.Repeat("[", 501),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		before := bytes.Clone(src)
		out, err := Stable(nil, src)
		if !bytes.Equal(src, before) {
			t.Fatalf("%q has changed to %q", before, src)
		}
		if err != nil {
			e, ok := errors.AsType[*SyntaxError](err)
			if !ok || len(out) > 0 || e.Offset < 0 || e.Offset > int64(len(src)) {
				t.Fatalf("%q: %v with the output %q", src, err, out)
			}
			// encoding/json lets the other kinds pass.
			if (e.Kind == KindMalformed || e.Kind == KindEmpty) && json.Valid(src) {
				t.Fatalf("%q is JSON, but: %v", src, err)
			}
			return
		}
		if again, err := Stable(nil, out); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%q became %q, %v", out, again, err)
		}
		if !sameValue(decode(t, src), decode(t, out)) {
			t.Fatalf("%q became %q", src, out)
		}
	})
}

func decode(t *testing.T, text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if d.More() {
		t.Fatalf("%q: more than one value", text)
	}
	return v
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name := range a {
			other, ok := b[name]
			if !ok || !sameValue(a[name], other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameValue(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(string(a), string(b))
	default:
		return a == b
	}
}

// sameNumber compares two numbers exactly. Where the exponent is too large for
// that, the text must have been kept, or be a zero.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	if strings.Trim(mantissa(a), "-0.") == "" {
		return b == "0"
	}
	for _, s := range []string{a, b} {
		if _, e, ok := strings.Cut(strings.ToLower(s), "e"); ok {
			if n, err := strconv.Atoi(e); err != nil || n > 1<<20 || n < -1<<20 {
				return false
			}
		}
	}
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.Cmp(y) == 0
}

func mantissa(number string) string {
	m, _, _ := strings.Cut(strings.ToLower(number), "e")
	return m
}
