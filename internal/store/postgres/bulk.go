package postgres

import (
	"cmp"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// key is the place of a row: keys are sorted by it, so that transactions lock
// the rows that they share in the same order.
type key struct {
	bucket      int16
	account, id string
}

func (k key) compare(other key) int {
	return cmp.Or(cmp.Compare(k.bucket, other.bucket), cmp.Compare(k.account, other.account), cmp.Compare(k.id, other.id))
}

// keyed is a row with its place.
type keyed[T any] struct {
	key
	row T
}

// sorted gives rows in the order of their keys; those of one key stay in theirs.
func sorted[T any](rows []T, account, id func(T) string) []keyed[T] {
	all := make([]keyed[T], len(rows))
	buckets := map[string]int16{}
	for i, row := range rows {
		a := account(row)
		bucket, ok := buckets[a]
		if !ok {
			bucket = bucketOf(a)
			buckets[a] = bucket
		}
		all[i] = keyed[T]{key{bucket, a, id(row)}, row}
	}
	sortKeyed(all)
	return all
}

func sortKeyed[T any](rows []keyed[T]) {
	slices.SortStableFunc(rows, func(a, b keyed[T]) int { return a.compare(b.key) })
}

// eachBucket calls send with the statement and the first argument for the rows:
// all of them, or those of one bucket where tables are spread.
func eachBucket[T any](t *tx, b bulkStatement, rows []keyed[T], send func(st *statement, bucket any, rows []keyed[T])) {
	if len(rows) == 0 {
		return
	}
	if !t.spread {
		buckets := smalls(len(rows))
		for i := range rows {
			buckets.small(int(rows[i].bucket))
		}
		send(b.all, buckets, rows)
		return
	}
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(r keyed[T]) bool { return r.bucket != rows[0].bucket })
		if n < 0 {
			n = len(rows)
		}
		send(b.one, rows[0].bucket, rows[:n])
		rows = rows[n:]
	}
}

// queueBulk queues a bulk statement with the arguments that args makes of rows.
func queueBulk[T any](t *tx, b bulkStatement, rows []keyed[T], args func(bucket any, rows []keyed[T]) []any) {
	eachBucket(t, b, rows, func(st *statement, bucket any, rows []keyed[T]) {
		t.queue(st, args(bucket, rows)...)
	})
}

// askBulk queues a bulk query whose rows fn gets with the next flush.
func askBulk[T any](
	t *tx, fn func(scanner) error, b bulkStatement, rows []keyed[T], args func(bucket any, rows []keyed[T]) []any,
) {
	eachBucket(t, b, rows, func(st *statement, bucket any, rows []keyed[T]) {
		t.ask(fn, st, args(bucket, rows)...)
	})
}

// queueBulkTag queues a bulk statement and adds up how many rows it changed.
func queueBulkTag[T any](
	t *tx, changed *int, b bulkStatement, rows []keyed[T], args func(bucket any, rows []keyed[T]) []any,
) {
	eachBucket(t, b, rows, func(st *statement, bucket any, rows []keyed[T]) {
		t.queued = append(t.queued, queued{
			statement: st, args: args(bucket, rows),
			tag: func(tag pgconn.CommandTag) { *changed += int(tag.RowsAffected()) },
		})
	})
}
