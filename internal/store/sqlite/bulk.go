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

func newBulk(table string, columns ...string) *bulk {
	b := &bulk{columns: len(columns)}
	row := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	for i, rows := range bulkSizes {
		b.statements[i] = "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES " +
			row + strings.Repeat(", "+row, rows-1)
	}
	return b
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
		size := 0
		for bulkSizes[size] > len(b.owner)-at {
			size++
		}
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
