package sqlite

import (
	"strings"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// selection builds the query of a list. Its text depends on which filters are
// set and never on what they are set to, so that few statements are made of it
// and all are prepared once.
type selection struct {
	text strings.Builder
	args []any
}

// selectFrom begins a query of an account's rows, newest first, along an index
// that has them in that order. The index is named because SQLite, knowing
// nothing of the rows, would take the primary key and read the whole account.
//
// Their ids are looked for in a subquery, which is run as a whole when the
// first row is asked for: that is when the driver lets a context interrupt it.
func selectFrom(columns, table string, by index, accountID string) *selection {
	q := &selection{args: []any{accountID, accountID}}
	q.text.WriteString("SELECT " + columns + " FROM " + table + " WHERE account_id = ? AND id IN (SELECT id FROM " +
		table + by.hint() + " WHERE account_id = ?")
	if by.condition != "" {
		q.and(by.condition)
	}
	return q
}

// index is one that a list can be read along; the zero one is the primary key.
type index struct {
	name      string
	condition string // of a partial index, as in the schema
}

func (i index) hint() string {
	if i.name == "" {
		return ""
	}
	return " INDEXED BY " + i.name
}

func (q *selection) and(condition string, args ...any) {
	q.text.WriteString(" AND " + condition)
	q.args = append(q.args, args...)
}

// equal filters unless the value is empty.
func (q *selection) equal(column, value string) {
	if value != "" {
		q.and(column+" = ?", value)
	}
}

// span bounds created_at and, because that is the time of the id, the id as
// well: so the search ends where the span does.
func (q *selection) span(s store.Span, prefix string) {
	if !s.Since.IsZero() {
		q.and("id >= ? AND created_at >= ?", ringback.MinID(prefix, s.Since), micros(s.Since))
	}
	if !s.Until.IsZero() {
		q.and("id < ? AND created_at < ?", ringback.MinID(prefix, s.Until), micros(s.Until))
	}
}

// newest ends the query. Call it once.
func (q *selection) newest(limit int) string {
	q.text.WriteString(" ORDER BY id DESC LIMIT ?) ORDER BY id DESC")
	q.args = append(q.args, limit)
	return q.text.String()
}

// createdWithin bounds created_at alone.
func (q *selection) createdWithin(s store.Span) {
	if !s.Since.IsZero() {
		q.and("created_at >= ?", micros(s.Since))
	}
	if !s.Until.IsZero() {
		q.and("created_at < ?", micros(s.Until))
	}
}
