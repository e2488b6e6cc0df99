package postgres

import (
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
// buckets of the rows. In the template {bucket} is the bucket of a row r;
// {array} and {column} are the array among those of an unnest and its column's
// name, with a comma each.
func bulk(name, template string) bulkStatement {
	one := strings.NewReplacer("{bucket}", "$1::smallint", "{array}", "", "{column}", "")
	all := strings.NewReplacer("{bucket}", "r.bucket", "{array}", "$1::smallint[], ", "{column}", "bucket, ")
	return bulkStatement{
		one: oneBucket(name, one.Replace(template)),
		all: register(name+" of all buckets", scopeBuckets, "for tables that are not spread", all.Replace(template)),
	}
}
