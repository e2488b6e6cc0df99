package demo

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// testTimeline prints to a buffer, 1,234 ms after the start of the track.
func testTimeline(color bool, width int) (*timeline, *bytes.Buffer, *track) {
	start := time.Unix(1_700_000_000, 0)
	var out bytes.Buffer
	t := &timeline{
		out: &out, color: color, width: width, names: 11, profile: 12,
		now: func() time.Time { return start.Add(1234 * time.Millisecond) },
	}
	return t, &out, newTrack("sunrise.png", "unitary", start)
}

func TestTimelineAlignsLines(t *testing.T) {
	lines, out, tr := testTimeline(false, 100)
	lines.title("1/2  A title")
	lines.line(tr, stepQueued, "a detail")
	lines.lineWithBody(tr, stepSigned, "X-Signature: "+strings.Repeat("0", 80), []byte(`{"a":"`+strings.Repeat("b ", 20)+`","c":[1,2,3],"d":"`+strings.Repeat("e ", 20)+`"}`))
	lines.line(tr, stepVerified, "esc \x1b[2J, bell \a")
	lines.line(tr, stepForged, "why")
	want := `
1/2  A title
 1234 ms  sunrise.png  unitary       queued     a detail
 1234 ms  sunrise.png  unitary       signed     X-Signature: 00000000000000000000000000000000000000…
          {"a":"b b b b b b b b b b b b b b b b b b b b ","c":[1,2,3],
          "d":"e e e e e e e e e e e e e e e e e e e e "}
 1234 ms  sunrise.png  unitary       verified   esc �[2J, bell �
 1234 ms  sunrise.png  unitary       NOT VERIFIED  why
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out, want)
	}
}

func TestTimelineFitsTheTerminal(t *testing.T) {
	for _, width := range []int{minWidth, 80, 119} {
		lines, out, tr := testTimeline(false, width)
		long := strings.Repeat("ö", 500)
		lines.title(long)
		lines.lineWithBody(tr, stepSigned, long, []byte(`["`+long+`","`+strings.Repeat(`x","`, 200)+`"]`))
		text := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(text) != 2+bodyLines {
			t.Errorf("%d lines:\n%s", len(text), out)
		}
		for _, line := range text {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("%d characters, at most %d fit: %s", n, width, line)
			}
		}
	}
}

func TestTimelineColours(t *testing.T) {
	lines, out, tr := testTimeline(true, 80)
	lines.line(tr, stepVerified, "a detail")
	want := "\x1b[2m 1234 ms\x1b[0m  sunrise.png  \x1b[32mverified\x1b[0m   a detail\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out, want)
	}
}

type brokenWriter struct{ writes int }

var errBroken = errors.New("nobody reads")

func (w *brokenWriter) Write([]byte) (int, error) {
	w.writes++
	return 0, errBroken
}

func TestTimelineStopsWhenNobodyReads(t *testing.T) {
	lines, _, tr := testTimeline(false, 80)
	w := &brokenWriter{}
	var failures []error
	lines.out, lines.failed = w, func(err error) { failures = append(failures, err) }
	lines.line(tr, stepQueued, "")
	lines.line(tr, stepLeased, "")
	if w.writes != 1 || len(failures) != 1 || !errors.Is(failures[0], errBroken) {
		t.Errorf("%d writes, failures %v", w.writes, failures)
	}
}
