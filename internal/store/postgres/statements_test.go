package postgres_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/store/postgres"
)

// operatorWide are the statements over all buckets: reads that lock nothing. What
// they find is then changed bucket by bucket.
var operatorWide = []string{
	// What waits, and becomes due.
	"next due", "find due deliveries", "find parked deliveries", "parked queues of spread tables",
	"endpoints of leased deliveries",
	"list due jobs", "list expired jobs", "list accounts with ready jobs",
	"select next run of a job", "select next end of a lease",
	"count scheduled deliveries", "count parked deliveries", "count ready jobs", "count delayed jobs", "count running jobs",
	// Of a node.
	"leased deliveries", "list deliveries under leases of a span", "find old marks",
	// Of an operator.
	"select account of job", "select endpoint of any account by profile",
	// Of the retention.
	"find old keys", "select next bucket with events", "list pending deliveries of a day",
	"list deliveries of a part that ended late", "list events of a part whose job ended late", "list jobs of a part",
	"count part of history", "count deliveries of a part",
}

// control are the statements that name tables of accounts' data to change what
// they are, and not what is in them.
var control = []string{"lock history"}

var (
	named   = regexp.MustCompile(`\b(FROM|JOIN|UPDATE|USING|INTO|TABLE|ONLY)\s+(ONLY\s+)?([a-z_]+|%s)(\s+(AS\s+)?([a-z]{1,2}))?\b`)
	locking = regexp.MustCompile(`\bFOR (NO KEY )?(UPDATE|SHARE|KEY SHARE)\b|\b(INSERT|UPDATE|DELETE)\b|\bRECURSIVE\b`)
)

// TestStatementsNameOneBucket: each statement is about one bucket, in every table
// that it names, or is on a list of those that need not be.
func TestStatementsNameOneBucket(t *testing.T) {
	names := map[string]bool{}
	for _, st := range postgres.Statements() {
		names[st.Name] = true
	}
	for _, name := range slices.Concat(operatorWide, control) {
		if !names[name] {
			t.Errorf("the list has %q, which there is not", name)
		}
	}
	for _, st := range postgres.Statements() {
		spread := spreadIn(st.SQL)
		switch st.Scope {
		case postgres.ScopeBucket:
			checkOneBucket(t, st)
		case postgres.ScopeBuckets:
			if !names[strings.TrimSuffix(st.Name, " of all buckets")] || st.Reason == "" {
				t.Errorf("%q has no form for one bucket", st.Name)
			}
		case postgres.ScopeOperator:
			if !slices.Contains(operatorWide, st.Name) || st.Reason == "" {
				t.Errorf("%q is over all buckets, and not on the list of those that may be:\n%s", st.Name, st.SQL)
			}
			if locking.MatchString(st.SQL) {
				t.Errorf("%q is over all buckets, and locks:\n%s", st.Name, st.SQL)
			}
		case postgres.ScopeReference, postgres.ScopeControl:
			if len(spread) > 0 && !slices.Contains(control, st.Name) {
				t.Errorf("%q names the tables %v, which have buckets:\n%s", st.Name, spread, st.SQL)
			}
		default:
			t.Errorf("%q has the scope %q", st.Name, st.Scope)
		}
	}
}

// mention is where a statement names a table with buckets; %s stands for a part of
// one.
type mention struct{ verb, name, alias string }

func spreadIn(sql string) (tables []mention) {
	for _, m := range named.FindAllStringSubmatch(sql, -1) {
		if !slices.Contains(postgres.SpreadTables(), m[3]) && (m[3] != "%s" || m[1] == "TABLE") {
			continue
		}
		alias := m[6] + `\.`
		if m[6] == "" {
			alias = `(` + m[3] + `\.)?`
		}
		tables = append(tables, mention{m[1], m[3], alias})
	}
	return tables
}

// checkOneBucket looks for the bucket $1 in the rows of an INSERT, or that of rows
// that were read, and in as many conditions as tables are read.
func checkOneBucket(t *testing.T, st postgres.Statement) {
	tables := spreadIn(st.SQL)
	if len(tables) == 0 {
		t.Errorf("%q is about a bucket of no table:\n%s", st.Name, st.SQL)
	}
	read := map[string]int{} // by what is before the column
	for _, table := range tables {
		inserted := regexp.MustCompile(`INTO ` + table.name +
			`( (AS )?[a-z]+)? \(bucket\b[^)]*\)\s+(VALUES \(\$1\b|SELECT \$1::smallint\b|SELECT ([a-z]+\.)?bucket\b)|INTO ` + table.name + `\s+SELECT [a-z]\.\*`)
		switch {
		case table.verb != "INTO":
			read[table.alias]++
		case !inserted.MatchString(st.SQL):
			t.Errorf("%q does not insert rows of one bucket into %s:\n%s", st.Name, table.name, st.SQL)
		}
	}
	for alias, n := range read {
		condition := regexp.MustCompile(`(^|[^.a-z_])` + alias + `bucket = \$1\b`)
		if got := len(condition.FindAllString(st.SQL, -1)); got < n {
			t.Errorf("%q says %d times which bucket it is about in %q, and reads %d:\n%s", st.Name, got, alias, n, st.SQL)
		}
	}
}

// executed is what the tests of this package ran.
var executed = &recorder{texts: map[string]bool{}}

// recorder is a tracer that keeps the text of each statement.
type recorder struct {
	mu    sync.Mutex
	texts map[string]bool
}

func (r *recorder) add(sql string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts[sql] = true
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	r.add(q.SQL)
	return ctx
}

func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	for _, q := range b.Batch.QueuedQueries {
		r.add(q.SQL)
	}
	return ctx
}

func (r *recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// ofOthers is what pgx and the migrations run by themselves.
var ofOthers = regexp.MustCompile(`^-- ping$|goose|^SELECT pg_(try_)?advisory_(un)?lock\(\$1\)$|^(begin|commit|rollback)\b|pg_tables`)

// checkExecuted says whether all that was run is registered.
func checkExecuted() bool {
	known := map[string]bool{}
	var open []*regexp.Regexp
	for _, st := range postgres.Statements() {
		known[st.SQL] = true
		if strings.Contains(st.SQL, "%s") {
			open = append(open, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(st.SQL), "%s", "[a-z0-9_]+")+"$"))
		}
	}
	migrations, err := postgres.Migrations()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	ok := true
	for sql := range executed.texts {
		migrates := slices.ContainsFunc(migrations, func(text string) bool {
			return strings.Contains(squeezed(text), squeezed(sql))
		})
		matches := slices.ContainsFunc(open, func(r *regexp.Regexp) bool { return r.MatchString(sql) })
		if !known[sql] && !ofOthers.MatchString(sql) && !matches && !migrates {
			fmt.Fprintf(os.Stderr, "FAIL: a statement was run that is not registered:\n%s\n", sql)
			ok = false
		}
	}
	return ok
}

var comment = regexp.MustCompile(`--[^\n]*`)

// squeezed leaves out comments and line breaks, as goose does with some.
func squeezed(sql string) string {
	return strings.Join(strings.Fields(comment.ReplaceAllString(sql, "")), " ")
}
