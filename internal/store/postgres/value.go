package postgres

import (
	"math"
	"strings"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

// scanner is a row of a result.
type scanner = columns.Scanner

// bucketOf gives the first part of each key.
func bucketOf(accountID string) int16 { return int16(store.BucketOf(accountID)) } //nolint:gosec // below 256

// placed gives the columns lease and queue.
func placed(p store.Placement) (lease int64, queue string) {
	if p.Lease != 0 {
		return int64(p.Lease), ""
	}
	return 0, p.Queue
}

const (
	idDigits     = "0123456789abcdefghjkmnpqrstvwxyz"
	timeDigits   = 10 // the first characters of an id: 48 bits of time in milliseconds, and two more
	millisPerDay = 24 * 60 * 60 * 1000
)

// dayOf gives the day since 1970 in which an event, or the event of a delivery,
// was made: that in its id, after the prefix. It is 0 for what is not an id.
func dayOf(id string) int {
	_, rest, ok := strings.Cut(id, "_")
	if !ok || len(rest) < timeDigits {
		return 0
	}
	v := 0
	for _, c := range []byte(rest[:timeDigits]) {
		digit := strings.IndexByte(idDigits, c)
		if digit < 0 {
			return 0
		}
		v = v<<5 | digit
	}
	return v >> 2 / millisPerDay
}

// printable makes a text from elsewhere one that PostgreSQL takes: UTF-8 without
// the character 0.
func printable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// dayRange gives the days that ids from first to last can be of.
func dayRange(first, last string) (from, to int) {
	from, to = dayOf(first), dayOf(last)
	if to == 0 {
		to = math.MaxInt32
	}
	return from, to
}
