package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/terminal"
)

// output is where a command prints what it has found.
type output struct {
	w, err   io.Writer
	json     bool // print the API's JSON instead of text
	terminal bool // w is one
	width    int  // characters of a line of the terminal
	color    bool
	now      time.Time
}

const defaultWidth = 80

func outputOf(cmd *cobra.Command, asJSON bool) *output {
	o := &output{w: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), json: asJSON, now: time.Now()}
	o.width, o.terminal = terminal.Size(o.w)
	if o.width <= 0 {
		o.width = defaultWidth
	}
	o.color = terminal.Color(o.w)
	return o
}

// cell is a piece of text with a style.
type cell struct {
	text  string
	style terminal.Style
}

func plain(text string) cell { return cell{text: text} }

func (o *output) paint(c cell) string {
	if !o.color {
		return c.text
	}
	return terminal.Paint(c.style, c.text)
}

// status is a status in its colour.
func status[T ~string](s T) cell {
	c := cell{text: string(s)}
	switch s {
	case "succeeded", "delivered", "enabled":
		c.style = terminal.Green
	case "failed", "disabled":
		c.style = terminal.Red
	case "queued", "running", "pending":
		c.style = terminal.Yellow
	case "canceled":
		c.style = terminal.Dim
	}
	return c
}

// when is a time in a table: short for people, RFC 3339 for programs.
func (o *output) when(at time.Time) cell {
	switch {
	case at.IsZero():
		return plain("-")
	case o.terminal:
		return plain(ago(at, o.now))
	default:
		return plain(stamp(at))
	}
}

// instant is a time where there is room for all of it.
func (o *output) instant(at time.Time) cell {
	switch {
	case at.IsZero():
		return plain("")
	case o.terminal:
		return plain(at.Local().Format("2006-01-02 15:04:05.000") + " (" + ago(at, o.now) + ")")
	default:
		return plain(at.UTC().Format(time.RFC3339Nano))
	}
}

// linef prints a line of text on stdout.
func (o *output) linef(format string, args ...any) error {
	_, err := io.WriteString(o.w, terminal.Lines(fmt.Sprintf(format, args...))+"\n")
	return err
}

// result prints what became of one of several things.
func (o *output) result(id string, c cell) error {
	c.text = terminal.Printable(c.text)
	_, err := io.WriteString(o.w, terminal.Printable(id)+"  "+o.paint(c)+"\n")
	return err
}

// notef tells people something on stderr.
func (o *output) notef(format string, args ...any) {
	_, _ = io.WriteString(o.err, terminal.Lines(fmt.Sprintf(format, args...))+"\n")
}

// warn passes on the warnings of an answer.
func (o *output) warn(warnings []string) {
	for _, w := range warnings {
		o.notef("warning: %s", w)
	}
}

// printJSON prints a JSON value: on a terminal with indentation and without
// characters that could steer it, elsewhere as one line of the same bytes.
func (o *output) printJSON(raw []byte) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 { // nothing was answered
		return nil
	}
	var text bytes.Buffer
	var err error
	if o.terminal {
		err = json.Indent(&text, raw, "", "  ")
	} else {
		err = json.Compact(&text, raw)
	}
	if err != nil {
		return err
	}
	line := text.String()
	if o.terminal {
		line = escapeJSON(line)
	}
	_, err = io.WriteString(o.w, line+"\n")
	return err
}

// escapeJSON writes what is not printable as \u…, which stands in strings alone.
func escapeJSON(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// maxShown is how much of a body is shown if not all was asked for, in bytes.
const maxShown = 2 << 10

// shorten gives the beginning of a text, and how much is left out in words, or
// "".
func shorten(text string, full bool) (shown, left string) {
	if full || len(text) <= maxShown {
		return text, ""
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end], fmt.Sprintf("… %d of %d bytes; --full shows all", end, len(text))
}

// pretty indents JSON; other text stays as it is.
func pretty(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}
