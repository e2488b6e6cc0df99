package cli

import (
	"io"
	"strings"

	"github.com/ringback/ringback/internal/terminal"
)

// column is a column of a table.
type column struct {
	name  string
	cut   bool // it may be shortened to make lines fit a terminal
	spare bool // it may be left out for that
}

// table prints rows in aligned columns, with a header line, in portions: each
// is aligned by what has come so far.
type table struct {
	out     *output
	columns []column
	widths  []int
	rows    [][]cell
	headed  bool
}

const (
	minColumn = 12 // how narrow a column becomes at most
	hidden    = -2 // the width of a column that is left out, with what divides it from the next
)

func newTable(o *output, columns []column) *table {
	t := &table{out: o, columns: columns, widths: make([]int, len(columns))}
	for i, c := range columns {
		t.widths[i] = len(c.name)
	}
	return t
}

// add takes a row; its texts may be any.
func (t *table) add(row []cell) {
	for i := range row {
		row[i].text = terminal.Printable(row[i].text)
		if row[i].text == "" {
			row[i].text = "-"
		}
		if t.widths[i] != hidden {
			t.widths[i] = max(t.widths[i], terminal.Cells(row[i].text))
		}
	}
	t.rows = append(t.rows, row)
}

// flush prints the rows that were added.
func (t *table) flush() error {
	if t.out.terminal {
		if !t.headed {
			t.leaveOut()
		}
		t.fit()
	}
	var b strings.Builder
	if !t.headed {
		t.headed = true
		header := make([]cell, len(t.columns))
		for i, c := range t.columns {
			header[i] = cell{c.name, terminal.Bold}
		}
		t.write(&b, header)
	}
	for _, row := range t.rows {
		t.write(&b, row)
	}
	t.rows = t.rows[:0]
	_, err := io.WriteString(t.out.w, b.String())
	return err
}

// leaveOut leaves out spare columns, from the right, while lines cannot fit.
func (t *table) leaveOut() {
	least := -2
	for i := range t.columns {
		least += t.narrowest(i) + 2
	}
	for i := len(t.columns) - 1; i > 0 && least > t.out.width; i-- {
		if t.columns[i].spare {
			least -= t.narrowest(i) + 2
			t.widths[i] = hidden
		}
	}
}

// narrowest is how narrow a column can be.
func (t *table) narrowest(i int) int {
	if t.columns[i].cut {
		return min(t.widths[i], minColumn)
	}
	return t.widths[i]
}

// fit narrows the columns that may be, the widest first, until lines fit.
func (t *table) fit() {
	total := 2 * (len(t.widths) - 1)
	for _, w := range t.widths {
		total += w
	}
	for total > t.out.width {
		widest := -1
		for i, c := range t.columns {
			if c.cut && t.widths[i] > minColumn && (widest < 0 || t.widths[i] > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.widths[widest]--
		total--
	}
}

// write writes a row. The last column is not filled up.
func (t *table) write(b *strings.Builder, row []cell) {
	filler := ""
	for i, c := range row {
		if t.widths[i] == hidden {
			continue
		}
		c.text = terminal.Cut(c.text, t.widths[i])
		b.WriteString(filler + t.out.paint(c))
		filler = strings.Repeat(" ", t.widths[i]-terminal.Cells(c.text)+2)
	}
	b.WriteString("\n")
}
