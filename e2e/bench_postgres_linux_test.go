package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/pgtest"
)

// A short benchmark of PostgreSQL loses nothing, counts what waits, and leaves
// no schema behind.
func TestBenchOnPostgres(t *testing.T) {
	store := pgtest.URL(t)
	before := benchSchemas(t, store)
	cmd := exec.Command(binary, "bench", "--quick", "--workload", "depth", "--workload", "backlog", "--json")
	cmd.Env = append(os.Environ(), "RINGBACK_BENCH_STORE="+store, "TMPDIR="+t.TempDir())
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
	var r benchReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Store != "postgres" || len(r.Workloads) != 2 {
		t.Fatalf("%v: %s", err, out.String())
	}
	for _, w := range r.Workloads {
		if fmt.Sprint(w["lost"], w["signatures_wrong"], w["runs"]) != "0 0 1" || w["note"] != nil {
			t.Errorf("%v", w)
		}
	}
	if cpu, known := r.Workloads[0]["database_cpu_us_per_delivery"].(float64); os.Getenv("RINGBACK_TEST_POSTGRES") == "" && (!known || cpu <= 0) {
		t.Errorf("the CPU of a database on this machine is missing: %v", r.Workloads[0])
	}
	if left := benchSchemas(t, store); !slices.Equal(left, before) {
		t.Errorf("left behind: %v; before: %v", left, before)
	}
}

// An interrupt drops the schema, although a server writes to it.
func TestBenchInterruptedOnPostgres(t *testing.T) {
	store := pgtest.URL(t)
	before := benchSchemas(t, store)
	cmd, errs := startBench(t, store)
	parts := childrenOf(t, cmd.Process.Pid)
	interrupt(t, cmd, errs)
	if left := benchSchemas(t, store); !slices.Equal(left, before) {
		t.Errorf("left behind: %v; before: %v", left, before)
	}
	if slices.ContainsFunc(parts, running) {
		t.Error("a part still runs")
	}
}

// What cannot be dropped, since the database is gone, is told.
func TestBenchLeavesASchema(t *testing.T) {
	db := pgtest.Start(t, pgtest.Options{NoSync: true})
	cmd, errs := startBench(t, db.URL("postgres"))
	db.Stop()
	interrupt(t, cmd, errs)
	contains(t, errs.String(), "not everything was removed")
}

// startBench starts a benchmark, and waits until its server writes.
func startBench(t *testing.T, store string) (*exec.Cmd, *syncBuffer) {
	t.Helper()
	before := benchSchemas(t, store)
	cmd := exec.Command(binary, "bench", "--workload", "crash")
	cmd.Env = append(os.Environ(), "RINGBACK_BENCH_STORE="+store, "TMPDIR="+t.TempDir())
	var errs syncBuffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "the server writes", func() bool {
		return slices.ContainsFunc(benchSchemas(t, store), func(name string) bool {
			return !slices.Contains(before, name) && hasEvents(t, store, name)
		})
	})
	return cmd, &errs
}

// interrupt interrupts a benchmark and waits for its end.
func interrupt(t *testing.T, cmd *exec.Cmd, errs *syncBuffer) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its status is looked at
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit status %d:\n%s", code, errs.String())
	}
	contains(t, errs.String(), "interrupted")
}

// benchSchemas lists the schemas of benchmarks in a database.
func benchSchemas(t *testing.T, store string) []string {
	t.Helper()
	return ask[string](t, store, `SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'ringback\_bench\_%' ORDER BY 1`)
}

// hasEvents says whether anything was published into a schema.
func hasEvents(t *testing.T, store, schema string) bool {
	t.Helper()
	table := schema + ".events"
	made := ask[bool](t, store, "SELECT to_regclass($1) IS NOT NULL", table)
	return made[0] && ask[bool](t, store, "SELECT EXISTS (SELECT FROM "+table+")")[0]
}

// ask gives the rows of a query of one column.
func ask[T any](t *testing.T, database, query string, args ...any) []T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return values
}
