package body

import (
	"errors"
	"strings"
	"testing"
)

func TestErrors(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct {
		in     string
		kind   Kind
		offset int64
	}{
		{"", KindEmpty, 0},
		{" \r\n\t", KindEmpty, 4},
		{"nul", KindMalformed, 3},
		{"NaN", KindMalformed, 0},
		{"{", KindMalformed, 1},
		{`{"a"`, KindMalformed, 4},
		{`{"a":`, KindMalformed, 5},
		{`{"a":1`, KindMalformed, 6},
		{`{"a":1,}`, KindMalformed, 6},
		{`{"a" 1}`, KindMalformed, 5},
		{`{"a":1 "b":2}`, KindMalformed, 7},
		{`{a:1}`, KindMalformed, 1},
		{`{1:1}`, KindMalformed, 1},
		{`{null:1}`, KindMalformed, 1},
		{`{"a":}`, KindMalformed, 5},
		{`{"a"}`, KindMalformed, 4},
		{`{,}`, KindMalformed, 1},
		{"[1,]", KindMalformed, 2},
		{"[,1]", KindMalformed, 1},
		{"[1}", KindMalformed, 2},
		{`{"a":1]`, KindMalformed, 6},
		{"]", KindMalformed, 0},
		{"}", KindMalformed, 0},
		{",", KindMalformed, 0},
		{":", KindMalformed, 0},
		{"01", KindMalformed, 1},
		{"1.", KindMalformed, 2},
		{".5", KindMalformed, 0},
		{"+1", KindMalformed, 0},
		{"-", KindMalformed, 1},
		{"1e", KindMalformed, 2},
		{"0x10", KindMalformed, 1},
		{"[1.e5]", KindMalformed, 3},
		{`"a`, KindMalformed, 2},
		{"\"a\nb\"", KindMalformed, 2},
		{"\"a\x00b\"", KindMalformed, 2},
		{`"\x41"`, KindMalformed, 1},
		{`"\u12"`, KindMalformed, 1},
		{"'a'", KindMalformed, 0},
		{"\x00", KindMalformed, 0},
		{"1\x00", KindMalformed, 1},
		{"\xef\xbb\xbf{}", KindMalformed, 0},
		{"\xff\xfe{\x00}\x00", KindMalformed, 0},
		{"[1,\xff]", KindMalformed, 3},
		{"\u00a01", KindMalformed, 0},
		{"{} {}", KindMalformed, 3},
		{"1 2", KindMalformed, 2},
		{"{}\n,", KindMalformed, 3},
		{"[]]", KindMalformed, 2},
		{"null//", KindMalformed, 4},
		{`[1 \ud800]`, KindMalformed, 3},
		{`"\ud83d\ude8`, KindMalformed, 12},
		{`{"a":1,"a":1}`, KindDuplicate, 7},
		{`{"a":1,"\u0061":1}`, KindDuplicate, 7},
		{`{"1":1,"a":2,"1":1}`, KindDuplicate, 13},
		{`[{"x":[{"a":{"":1,"b":2,"":3}}]}]`, KindDuplicate, 24},
		{`{"🚀":1,"\ud83d\ude80":2}`, KindDuplicate, 10},
		{"\"\xff\"", KindUTF8, 1},
		{"{\"\xff\":1}", KindUTF8, 2},
		{"[\"a\xc3\"]", KindUTF8, 3},
		{"\"\xed\xa0\x80\"", KindUTF8, 1},     // a surrogate, encoded
		{"\"\xc0\x80\"", KindUTF8, 1},         // an overlong NUL
		{"\"\xf4\x90\x80\x80\"", KindUTF8, 1}, // beyond U+10FFFF
		{`"\ud800"`, KindUTF8, 1},
		{`"a\udc00"`, KindUTF8, 2},
		{`"\ud800\u0041"`, KindUTF8, 1},
		{`"\ude80\ud83d"`, KindUTF8, 1},
		{`{"\uD800":1}`, KindUTF8, 2},
		{`["\ud800",}`, KindUTF8, 2}, // the first fault counts
		{deep(501), KindDepth, 500},
		{deep(20000), KindDepth, 500},
		{strings.Repeat(`{"a":`, 501), KindDepth, 2500},
		{strings.Repeat(`[`, 1<<20), KindDepth, 500},
	}
	for _, tt := range tests {
		dst := []byte("before")
		got, err := Stable(dst, []byte(tt.in))
		e, ok := errors.AsType[*SyntaxError](err)
		if !ok {
			t.Errorf("%.100q: got %.100s, %v; want a SyntaxError", tt.in, got, err)
			continue
		}
		if e.Kind != tt.kind || e.Offset != tt.offset {
			t.Errorf("%.100q: got %s at %d (%v), want %s at %d", tt.in, e.Kind, e.Offset, e, tt.kind, tt.offset)
		}
		if string(got) != "before" {
			t.Errorf("%.100q: dst became %q", tt.in, got)
		}
		if e.Message == "" || len(e.Error()) > 200 || strings.Contains(e.Error(), "jsontext") {
			t.Errorf("%.100q: unhelpful message %q", tt.in, e.Error())
		}
	}
}

func TestMessages(t *testing.T) {
	tests := map[string]string{
		`{"a":{"b":1,"b":2}}`: `duplicate member "b" (byte 12)`,
		`{"a/~":1,"a/~":2}`:   `duplicate member "a/~" (byte 9)`,
		`{"` + strings.Repeat("é", 40) + `":1,"` + strings.Repeat("é", 40) + `":1}`: `duplicate member "` +
			strings.Repeat("é", 32) + `"… (byte 86)`,
		`"\ud800"`:               "invalid UTF-8 or half a surrogate pair in a string (byte 1)",
		"":                       "no JSON value (byte 0)",
		"[1":                     "unexpected end of the JSON text (byte 2)",
		"1 2":                    "more text after the JSON value (byte 2)",
		"[a]":                    "invalid JSON: invalid character 'a' at start of value (byte 1)",
		strings.Repeat("[", 501): "nested more than 500 deep (byte 500)",
	}
	for in, want := range tests {
		if _, err := Stable(nil, []byte(in)); err == nil || err.Error() != want {
			t.Errorf("%.100s\n got  %v\n want %s", in, err, want)
		}
	}
}
