package sqlite

import (
	"context"
	"strings"
)

// bulk gathers rows for one table, to be inserted many at a time: most of what a
// row costs is the statement around it.
type bulk struct {
	statements [len(bulkSizes)]string // by the places of bulkSizes
	columns    int

	args  []any
	owner []int // of each row, the index of its operation
}

// bulkSizes are how many rows a statement inserts, so that few are prepared.
var bulkSizes = [...]int{32, 8, 1}

// newBulk makes one for rows of these columns; what is written "name = value" is
// the same in each row.
func newBulk(table string, columns ...string) *bulk {
	var names, values []string
	for _, c := range columns {
		name, value, fixed := strings.Cut(c, " = ")
		if !fixed {
			value = "?"
		}
		names, values = append(names, name), append(values, value)
	}
	return bulkOf("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ", "("+strings.Join(values, ", ")+")", "")
}

// bulkOf makes one for statements that have a part for each row.
func bulkOf(before, row, after string) *bulk {
	return &bulk{columns: strings.Count(row, "?"), statements: perRows(before, row, after)}
}

// perRows gives a statement for each of bulkSizes.
func perRows(before, row, after string) (statements [len(bulkSizes)]string) {
	for i, rows := range bulkSizes {
		statements[i] = before + row + strings.Repeat(", "+row, rows-1) + after
	}
	return statements
}

// sizeFor gives the place in bulkSizes of the statement for the first of n rows.
func sizeFor(n int) (size int) {
	for bulkSizes[size] > n {
		size++
	}
	return size
}

// add gathers a row of the operation at that index; the values are in the order
// of the columns.
func (b *bulk) add(op int, values ...any) {
	b.args = append(b.args, values...)
	b.owner = append(b.owner, op)
}

// flush inserts what was gathered. Should a row be refused, it gives the index
// of its operation.
func (b *bulk) flush(ctx context.Context, t tx) (op int, err error) {
	defer b.clear()
	for at := 0; at < len(b.owner); {
		size := sizeFor(len(b.owner) - at)
		if err := b.insert(ctx, t, at, size); err != nil {
			return b.refused(ctx, t, at, size, err)
		}
		at += bulkSizes[size]
	}
	return 0, nil
}

func (b *bulk) insert(ctx context.Context, t tx, at, size int) error {
	_, err := t.exec(ctx, b.statements[size], b.args[at*b.columns:(at+bulkSizes[size])*b.columns]...)
	return err
}

// refused finds the row that a statement was refused for: SQLite has undone the
// whole of it.
func (b *bulk) refused(ctx context.Context, t tx, at, size int, err error) (int, error) {
	if ofDatabase(err) {
		return 0, err
	}
	for i := at; i < at+bulkSizes[size]; i++ {
		if err := b.insert(ctx, t, i, len(bulkSizes)-1); err != nil {
			return b.owner[i], err
		}
	}
	return b.owner[at], err
}

// clear forgets the rows, and what they refer to.
func (b *bulk) clear() {
	clear(b.args)
	b.args, b.owner = b.args[:0], b.owner[:0]
}
