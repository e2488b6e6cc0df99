package terminal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/ringback/ringback/internal/terminal"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain é 你好 🚀":     "plain é 你好 🚀",
		"\x1b[31mred":      "\uFFFD[31mred",
		"\u009b31m":        "\uFFFD31m", // the one-character form of ESC [
		"a\tb\nc\r":        "a\uFFFDb\uFFFDc\uFFFD",
		"user\u202egnp.js": "user\uFFFDgnp.js", // turns the text around
		"\x00\x07\x7f\xff": "\uFFFD\uFFFD\uFFFD\uFFFD",
		"zero\u200bwidth":  "zero\uFFFDwidth",
	} {
		if got := terminal.Printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := terminal.Lines("a\r\n\tb\x1b[0m\rc\n"); got != "a\n\tb\uFFFD[0m\uFFFDc\n" {
		t.Errorf("%q", got)
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
		cells int
	}{
		{"abcdef", 6, "abcdef", 6},
		{"abcdef", 5, "abcd…", 5},
		{"你好", 4, "你好", 4},
		{"你好", 3, "你…", 3},
		{"你好a", 4, "你…", 3},
		{"e\u0301e\u0301e", 3, "e\u0301e\u0301e", 3},
		{"abc", 1, "…", 1},
	} {
		got := terminal.Cut(c.text, c.limit)
		if got != c.want || terminal.Cells(got) != c.cells {
			t.Errorf("%q to %d: %q (%d cells), want %q (%d)", c.text, c.limit, got, terminal.Cells(got), c.want, c.cells)
		}
	}
}

func TestPaint(t *testing.T) {
	if got := terminal.Paint(terminal.Red, "no  "); got != "\x1b[31mno\x1b[0m  " {
		t.Errorf("%q", got)
	}
	if got := terminal.Paint(terminal.Plain, "no") + terminal.Paint(terminal.Red, "  "); got != "no  " {
		t.Errorf("%q", got)
	}
}

func TestOnlyATerminalHasASizeAndColours(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, ok := terminal.Size(f); ok || terminal.Color(f) {
		t.Error("a file is taken for a terminal")
	}
	if _, ok := terminal.Size(&bytes.Buffer{}); ok || terminal.Color(&bytes.Buffer{}) {
		t.Error("a buffer is taken for a terminal")
	}
}
