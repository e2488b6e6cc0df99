// Package terminal knows what can be shown on a terminal: its width, colours,
// and which characters are safe there.
package terminal

import (
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Color says whether colours may be written to w: it is a terminal, and neither
// NO_COLOR (https://no-color.org) nor TERM=dumb speaks against it.
func Color(w io.Writer) bool {
	_, ok := Size(w)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// Printable replaces what could steer a terminal or hide text: what comes over
// the network is shown, never obeyed.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}

// Lines is Printable for texts of several lines: line ends stay, and tabs.
func Lines(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, strings.ReplaceAll(text, "\r\n", "\n"))
}

// Cells is how many character cells a printable text takes: East Asian wide
// characters take two, combining marks none.
func Cells(text string) int {
	n := 0
	for _, r := range text {
		n += cells(r)
	}
	return n
}

func cells(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// Cut gives a text of at most that many cells, the last one being an ellipsis
// if some is left out.
func Cut(text string, limit int) string {
	if Cells(text) <= limit {
		return text
	}
	used := 1 // the ellipsis
	for i, r := range text {
		if used += cells(r); used > limit {
			return text[:i] + "…"
		}
	}
	return text
}
