package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/ringback/ringback/internal/terminal"
)

// Colours, as the parameters of the escape sequence that selects them.
const (
	dim     = "2"
	bold    = "1"
	red     = "1;31"
	green   = "32"
	yellow  = "33"
	blue    = "34"
	magenta = "35"
	cyan    = "36"
)

// step is what a line of the timeline tells of.
type step struct{ name, color string }

// The steps of a job, in the order in which they usually come.
var (
	stepQueued    = step{"queued", cyan}
	stepLeased    = step{"leased", blue}
	stepDone      = step{"done", green}
	stepFailed    = step{"failed", yellow}
	stepLost      = step{"lost", red} // the worker could not report its outcome
	stepSigned    = step{"signed", magenta}
	stepVerified  = step{"verified", green}
	stepForged    = step{"NOT VERIFIED", red}
	stepAnswered  = step{"answered", yellow}  // something else than 200
	stepDuplicate = step{"duplicate", yellow} // dropped
	stepDelivered = step{"delivered", green}
	stepFetched   = step{"fetched", green}
	stepError     = step{"error", red}
)

// Columns of the timeline, in characters.
const (
	defaultWidth = 120
	minWidth     = 60
	wideEnough   = 100 // for the column of profiles, which titles name, too
	timeColumn   = 9   // "12345 ms "
	stepColumn   = 9
	maxName      = 18
	bodyLines    = 2 // lines that a body may take
)

// timeline prints what happens, a line at a time, from any goroutine. Once a
// line could not be written it prints nothing more and calls failed.
type timeline struct {
	color   bool
	width   int // characters of a line
	names   int // characters of the names' column
	profile int // characters of the profiles' column
	failed  func(error)
	now     func() time.Time

	mu   sync.Mutex
	out  io.Writer
	dead bool
}

// line prints a step of a job. What does not fit is cut.
func (t *timeline) line(tr *track, s step, detail string) { t.lineWithBody(tr, s, detail, nil) }

// lineWithBody prints a step of a job, with the body of a call below it.
func (t *timeline) lineWithBody(tr *track, s step, detail string, body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	elapsed := fmt.Sprintf("%5d ms  ", t.now().Sub(tr.start).Milliseconds())
	label := t.label(tr)
	name := pad(s.name, stepColumn) + "  "
	used := utf8.RuneCountInString(elapsed) + utf8.RuneCountInString(label) + utf8.RuneCountInString(name)
	text := t.paint(dim, elapsed) + label + t.paint(s.color, name) + abbreviate(terminal.Printable(detail), max(t.width-used, 10))
	if body != nil {
		indent := strings.Repeat(" ", timeColumn+1)
		for _, part := range wrap(sketch(body), t.width-len(indent), bodyLines) {
			text += "\n" + indent + t.paint(dim, part)
		}
	}
	t.write(text + "\n")
}

// label names a job: its file and, where there is room, its profile.
func (t *timeline) label(tr *track) string {
	if t.width < wideEnough {
		return pad(shortName(tr.name), t.names) + "  "
	}
	return pad(shortName(tr.name), t.names) + "  " + pad(tr.profile, t.profile) + "  "
}

// title prints a line that introduces what follows.
func (t *timeline) title(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write("\n" + t.paint(bold, abbreviate(terminal.Printable(text), t.width)) + "\n")
}

// text prints a text as it is.
func (t *timeline) text(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write(text)
}

// write writes whole lines. t.mu is held.
func (t *timeline) write(text string) {
	if t.dead {
		return
	}
	if _, err := io.WriteString(t.out, text); err != nil {
		t.dead = true
		t.failed(fmt.Errorf("the timeline cannot be written: %w", err))
	}
}

// paint colours a text, if there are colours.
func (t *timeline) paint(color, text string) string {
	if !t.color {
		return text
	}
	return terminal.Paint(terminal.Style(color), text)
}

// fit sets the columns' widths for these jobs.
func (t *timeline) fit(plans []*plan) {
	for _, p := range plans {
		t.names = max(t.names, utf8.RuneCountInString(shortName(p.input.name)))
		t.profile = max(t.profile, len(p.profile))
	}
}

// shortName is a file's name as it fits into a column: its beginning and its
// end, where the extension is.
func shortName(name string) string {
	name = terminal.Printable(name)
	runes := []rune(name)
	if len(runes) <= maxName {
		return name
	}
	const end = 6
	return string(runes[:maxName-end-1]) + ellipsis + string(runes[len(runes)-end:])
}
