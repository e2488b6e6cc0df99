package cli

import (
	"io"
	"slices"
	"strings"

	"github.com/ringback/ringback/internal/terminal"
)

// record shows one thing: lines of a name and a value, and blocks of text.
type record struct {
	out    *output
	indent string
	fields []field
}

type field struct {
	name  string
	value cell
	block string // lines of their own below the name
}

func (o *output) record() *record { return &record{out: o} }

// text adds a value; one that is empty is left out.
func (r *record) text(name, value string) { r.cell(name, plain(value)) }

func (r *record) cell(name string, value cell) {
	if value.text == "" {
		return
	}
	value.text = terminal.Printable(value.text)
	r.fields = append(r.fields, field{name: name, value: value})
}

// block adds a text of any number of lines.
func (r *record) block(name, text, left string) {
	if text == "" {
		return
	}
	text = terminal.Lines(strings.TrimRight(text, "\r\n"))
	if left != "" {
		text += "\n" + r.out.paint(cell{left, terminal.Dim})
	}
	r.fields = append(r.fields, field{name: name, block: text})
}

// headers adds headers, sorted.
func (r *record) headers(name string, h map[string]string) {
	lines := make([]string, 0, len(h))
	for key, value := range h {
		lines = append(lines, terminal.Printable(key+": "+value))
	}
	slices.Sort(lines)
	r.block(name, strings.Join(lines, "\n"), "")
}

// print prints what was added.
func (r *record) print() error {
	width := 0
	for _, f := range r.fields {
		if f.block == "" {
			width = max(width, len(f.name))
		}
	}
	var b strings.Builder
	for _, f := range r.fields {
		name := r.indent + r.out.paint(cell{f.name, terminal.Bold})
		if f.block == "" {
			b.WriteString(name + strings.Repeat(" ", width-len(f.name)+2) + r.out.paint(f.value) + "\n")
			continue
		}
		inner := "\n" + r.indent + "  "
		b.WriteString(name + inner + strings.ReplaceAll(f.block, "\n", inner) + "\n")
	}
	_, err := io.WriteString(r.out.w, b.String())
	return err
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
