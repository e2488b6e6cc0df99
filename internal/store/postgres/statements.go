package postgres

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// statement is one of the fixed set of SQL texts that this package runs. They
// are made at the start of the program by the functions below, so that a test
// can look at them all.
type statement struct {
	name   string
	sql    string
	scope  scope
	reason string // why its scope is not that of one bucket
}

// scope is how much of the database a statement is about.
type scope string

const (
	scopeBucket    scope = "one bucket"     // its conditions, or its rows, name one
	scopeBuckets   scope = "several"        // rows of several buckets; only where tables are not spread
	scopeOperator  scope = "operator"       // reads over all buckets, and locks nothing
	scopeReference scope = "reference"      // tables that have no buckets
	scopeControl   scope = "of transaction" // no table
)

// statements are all there are.
var statements []*statement

func register(name string, s scope, reason, sql string) *statement {
	if slices.ContainsFunc(statements, func(other *statement) bool { return other.name == name }) {
		panic("postgres: two statements are named " + name)
	}
	st := &statement{name: name, sql: sql, scope: s, reason: reason}
	statements = append(statements, st)
	return st
}

// oneBucket is a statement about the rows of the bucket $1.
func oneBucket(name, sql string) *statement { return register(name, scopeBucket, "", sql) }

// operatorWide is a query over all buckets.
func operatorWide(name, reason, sql string) *statement {
	return register(name, scopeOperator, reason, sql)
}

// reference is a statement about tables without buckets.
func reference(name, sql string) *statement {
	return register(name, scopeReference, "its tables have no buckets", sql)
}

// with fills in what a statement leaves open, each a %s: the name of a part of a
// table, or of a channel, or a number. They are words of letters, digits and
// underscores.
func (st *statement) with(words ...string) *statement {
	filled := *st
	for _, w := range words {
		if !word.MatchString(w) {
			panic(fmt.Sprintf("postgres: %q is no word for %s", w, st.name))
		}
		filled.sql = strings.Replace(filled.sql, "%s", w, 1)
	}
	return &filled
}

var word = regexp.MustCompile(`^[a-z0-9_]+$`)

// bulkStatement is about many rows, which it takes as arrays. Where tables are
// spread over machines it runs once a bucket; where they are not, once for all
// buckets, because a statement costs about as much as five rows.
type bulkStatement struct{ one, all *statement }

// bulk makes both forms of a template. $1 is the bucket, or the array of the
// buckets of the rows. In the template
//   - {bucket} is the bucket of a row r,
//   - {array} and {column} are the array among those of an unnest and its column's
//     name, with a comma each,
//   - {row t} says that the row of the table t is that which r names by account_id
//     and id; {row t: c, d=e} that r names it by c, and its d by e;
//     {row t: c, d=e..f} that its d is from e to f.
func bulk(name, template string) bulkStatement {
	one := strings.NewReplacer("{bucket}", "$1::smallint", "{array}", "", "{column}", "")
	all := strings.NewReplacer("{bucket}", "r.bucket", "{array}", "$1::smallint[], ", "{column}", "bucket, ")
	return bulkStatement{
		one: oneBucket(name, one.Replace(sameRow(template, equalRow))),
		all: register(name+" of all buckets", scopeBuckets, "for tables that are not spread",
			all.Replace(sameRow(template, betweenRow))),
	}
}

var rowOf = regexp.MustCompile(`\{row (\w+)(?:: ([^}]*))?\}`)

// keyColumn is a column of a table, and the columns of r between which it is.
type keyColumn struct{ name, first, last string }

// sameRow replaces {row …}.
func sameRow(template string, condition func(table string, key []keyColumn) string) string {
	return rowOf.ReplaceAllStringFunc(template, func(found string) string {
		parts := rowOf.FindStringSubmatch(found)
		key := []keyColumn{}
		for part := range strings.SplitSeq(cmp.Or(parts[2], "account_id, id"), ", ") {
			name, by, _ := strings.Cut(part, "=")
			first, last, _ := strings.Cut(cmp.Or(by, name), "..")
			key = append(key, keyColumn{name, first, cmp.Or(last, first)})
		}
		return condition(parts[1], key)
	})
}

func equalRow(table string, key []keyColumn) string {
	condition := table + ".bucket = {bucket}"
	for _, c := range key {
		condition += " AND " + table + "." + c.name
		if c.first == c.last {
			condition += " = r." + c.first
		} else {
			condition += " BETWEEN r." + c.first + " AND r." + c.last
		}
	}
	return condition
}

// betweenRow says the same so that it can only be looked up for each r. Told that
// columns are equal the planner may as well go through the table, and through all
// r for each of its rows: of a table that was empty when it was last looked at, as
// that of pending deliveries often is, it does.
func betweenRow(table string, key []keyColumn) string {
	names, first, last := table+".bucket", "r.bucket", "r.bucket"
	for _, c := range key {
		names += ", " + table + "." + c.name
		first += ", r." + c.first
		last += ", r." + c.last
	}
	return fmt.Sprintf("(%s) >= (%s) AND (%s) <= (%s)", names, first, names, last)
}
