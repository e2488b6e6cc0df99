package sqlite

import (
	"context"
	"strings"
)

// bulk gathers rows for one table, to be inserted many at a time: most of what a
// row costs is the statement around it.
type bulk struct {
	into    string // "INSERT INTO table (columns) VALUES "
	columns int

	args  []any
	owner []int // of each row, the index of its operation
}

// bulkSizes are how many rows a statement inserts, so that few are prepared.
var bulkSizes = [...]int{32, 8, 1}

func newBulk(table string, columns ...string) *bulk {
	return &bulk{into: "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ", columns: len(columns)}
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
		n := bulkSizes[len(bulkSizes)-1]
		for _, size := range bulkSizes {
			if size <= len(b.owner)-at {
				n = size
				break
			}
		}
		if err := b.insert(ctx, t, at, n); err != nil {
			return b.refused(ctx, t, at, n, err)
		}
		at += n
	}
	return 0, nil
}

func (b *bulk) insert(ctx context.Context, t tx, at, n int) error {
	_, err := t.exec(ctx, b.statement(n), b.args[at*b.columns:(at+n)*b.columns]...)
	return err
}

// refused finds the row that a statement was refused for: SQLite has undone the
// whole of it.
func (b *bulk) refused(ctx context.Context, t tx, at, n int, err error) (int, error) {
	if ofDatabase(err) {
		return 0, err
	}
	for i := at; i < at+n; i++ {
		if err := b.insert(ctx, t, i, 1); err != nil {
			return b.owner[i], err
		}
	}
	return b.owner[at], err
}

func (b *bulk) statement(rows int) string {
	row := "(?" + strings.Repeat(", ?", b.columns-1) + ")"
	return b.into + row + strings.Repeat(", "+row, rows-1)
}

// clear forgets the rows, and what they refer to.
func (b *bulk) clear() {
	clear(b.args)
	b.args, b.owner = b.args[:0], b.owner[:0]
}
