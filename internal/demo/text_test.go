package demo

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSketch(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"short is unchanged", `{"a":1,"b":[true,null,"x"],"c":{},"d":[]}`, `{"a":1,"b":[true,null,"x"],"c":{},"d":[]}`},
		{"numbers keep their digits", `[12345678901234567891,1.50,1e3]`, `[12345678901234567891,1.50,1e3]`},
		{
			"long strings are cut", `{"id":"0199c8b2-5f3e-7a41-9d0c-0123456789ab","type":"DOCUMENT_CREATE_FINISHED"}`,
			`{"id":"0199c8b2…","type":"DOCUMENT_CREATE_FINISHED"}`,
		},
		{"prose is kept", `{"error":"this is why it could not be done"}`, `{"error":"this is why it could not be done"}`},
		{"long prose is cut", `["` + strings.Repeat("no ", 30) + `"]`, `["no no no…"]`},
		{"no HTML escapes", `{"a":"<&>"}`, `{"a":"<&>"}`},
		{"control characters stay escaped", `{"a":"\u001b[2J\n"}`, `{"a":"\u001b[2J\n"}`},
		{"what a terminal would obey is replaced", `{"a":"` + "\u009b\u202e" + `"}`, `{"a":"` + "\uFFFD\uFFFD" + `"}`},
		{"not JSON", "hello\x1b[2J", "hello\uFFFD[2J"},
		{"two values", `{} {}`, `{}{}`},
		{"cut JSON", `{"a":`, `{"a":`},
		{"nothing", ``, ``},
		{"text alone", `"x"`, `"x"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := sketch([]byte(tc.body)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	for _, tc := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"0123456789", 10, []string{"0123456789"}},
		{"0123456,89a,cdef", 10, []string{"0123456,", "89a,cdef"}},
		{"012345678,a,cdef", 10, []string{"012345678,", "a,cdef"}},
		{"0,23456789abcdef", 10, []string{"0,23456789", "abcdef"}},
		{"0123456,89abcdefghijk", 10, []string{"0123456,", "89abcdefg…"}},
	} {
		if got := wrap(tc.text, tc.width, 2); !slices.Equal(got, tc.want) {
			t.Errorf("%q: got %q, want %q", tc.text, got, tc.want)
		}
	}
}

func FuzzSketch(f *testing.F) {
	f.Add(`{"a":[1,"x",{"b":null}]}`, 20)
	f.Add(`]`, 3)
	f.Add("\xff\x1b{", 1)
	f.Fuzz(func(t *testing.T, body string, width int) {
		width = min(max(width, 1), 200)
		lines := wrap(sketch([]byte(body)), width, 2)
		if len(lines) > 2 {
			t.Errorf("%d lines", len(lines))
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("%d characters, at most %d are allowed", n, width)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
				t.Errorf("control characters in %q", line)
			}
		}
	})
}

func TestShortName(t *testing.T) {
	for in, want := range map[string]string{
		"sunrise.png":                       "sunrise.png",
		"exactly-18-char.go":                "exactly-18-char.go",
		"a-picture-of-the-old-harbour.jpeg": "a-picture-o…r.jpeg",
		"tab\tand\x1besc":                   "tab\uFFFDand\uFFFDesc",
	} {
		if got := shortName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
