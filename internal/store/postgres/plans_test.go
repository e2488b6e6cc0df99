package postgres_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store/postgres"
)

var (
	parameter = regexp.MustCompile(`\$([0-9]+)`)
	// growing are the tables that grow without bound. Reading one from end to end is
	// wrong in every statement.
	growing    = regexp.MustCompile(`Seq Scan on (jobs|events|deliveries|attempts|idempotency|revisions|accounts|keys|endpoints|event_types|profiles)`)
	alongIndex = regexp.MustCompile(`Index (?:Only )?Scan (?:Backward )?using (\w+) on`)
	byAccount  = regexp.MustCompile(`\(account_id = |ROW\(bucket, account_id, .*>= ROW`)
	partial    = regexp.MustCompile(`^(open_due|open_parked|jobs_ready|jobs_waiting|jobs_running|nodes_pkey)$`)
)

// TestPlans: each statement runs along an index, also when the tables were empty
// when the database last looked at them.
func TestPlans(t *testing.T) {
	url := pgtest.Schema(t)
	openStore(t, url)
	t.Run("new", func(t *testing.T) { checkPlans(t, connect(t, url)) })
	conn := connect(t, url)
	tables, err := conn.Query(t.Context(), "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace")
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(tables, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "VACUUM ANALYZE "+strings.Join(names, ", ")); err != nil {
		t.Fatal(err)
	}
	t.Run("empty", func(t *testing.T) { checkPlans(t, connect(t, url)) })
}

func checkPlans(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), postgres.SetUp(), pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	for i, st := range postgres.Statements() {
		if st.Scope == postgres.ScopeControl || strings.Contains(st.SQL, "%s") || strings.Contains(st.SQL, "pg_") {
			continue
		}
		n := 0
		for _, m := range parameter.FindAllStringSubmatch(st.SQL, -1) {
			p, _ := strconv.Atoi(m[1])
			n = max(n, p)
		}
		name := fmt.Sprint("s", i)
		run := "EXPLAIN EXECUTE " + name
		if n > 0 {
			run += "(" + strings.TrimSuffix(strings.Repeat("NULL,", n), ",") + ")"
		}
		if _, err := conn.Exec(t.Context(), "PREPARE "+name+" AS "+st.SQL, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Errorf("%s: %v\n%s", st.Name, err, st.SQL)
			continue
		}
		rows, err := conn.Query(t.Context(), run, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Errorf("%s: %v", st.Name, err)
			continue
		}
		rare := st.Name == "select endpoint of any account by profile" // asked by who deletes a profile
		if readsWhole(st, plan) && !rare {
			t.Errorf("%s\n%s\nis run as\n%s", st.Name, st.SQL, strings.Join(plan, "\n"))
		}
	}
}

// readsWhole says whether a table is read from end to end, or an index; a partial
// index of what waits may be, by who looks for its first row or counts them.
func readsWhole(st postgres.Statement, plan []string) bool {
	for i, line := range plan {
		m := alongIndex.FindStringSubmatch(line)
		bounded := i+1 < len(plan) && strings.Contains(plan[i+1], "Index Cond")
		if growing.MatchString(line) || m != nil && !bounded && !partial.MatchString(m[1]) ||
			m != nil && !bounded && st.Scope == postgres.ScopeBucket {
			return true
		}
		// A bulk statement finds each of its rows by the key.
		if m != nil && strings.HasSuffix(st.Name, " of all buckets") && (!bounded || !byAccount.MatchString(plan[i+1])) {
			return true
		}
	}
	return false
}
