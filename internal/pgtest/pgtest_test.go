package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, pgtest.Options{NoSync: true}))
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func query(t *testing.T, conn *pgx.Conn, sql string) (value string) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func execute(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// What was committed is there after a crash and after a restart, at the same
// address.
func TestServerKeepsItsData(t *testing.T) {
	s := pgtest.Start(t, pgtest.Options{Settings: []string{"work_mem=5MB"}})
	url := s.URL("postgres")
	conn := connect(t, url)
	for setting, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "max_connections": "200",
		"server_encoding": "UTF8", "listen_addresses": "127.0.0.1", "work_mem": "5MB",
	} {
		if got := query(t, conn, "SHOW "+setting); got != want {
			t.Errorf("%s is %s; want %s", setting, got, want)
		}
	}
	execute(t, conn, "CREATE TABLE kept (n int)")
	execute(t, conn, "INSERT INTO kept VALUES (1)")

	s.Kill()
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("the connection outlives the server")
	}
	if _, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("the server answers after its end")
	}
	s.Restart()
	conn = connect(t, url)
	execute(t, conn, "INSERT INTO kept VALUES (2)")
	s.Restart()
	if got := query(t, connect(t, url), "SELECT sum(n)::text FROM kept"); got != "3" {
		t.Errorf("the sum of what was inserted is %s; want 3", got)
	}
	if url != s.URL("postgres") {
		t.Errorf("the URL was %s and is %s", url, s.URL("postgres"))
	}
}

// Tests share a server and see nothing of each other, and leave nothing.
func TestSchema(t *testing.T) {
	base := pgtest.URL(t)
	var schemas []string
	t.Run("while they run", func(t *testing.T) {
		for range 2 {
			conn := connect(t, pgtest.Schema(t))
			execute(t, conn, "CREATE TABLE mine (n int)")
			schemas = append(schemas, query(t, conn, "SELECT current_schema()::text"))
		}
	})
	if schemas[0] == schemas[1] {
		t.Errorf("two tests got the schema %s", schemas[0])
	}
	for _, schema := range schemas {
		if got := query(t, connect(t, base), "SELECT count(*)::text FROM pg_namespace WHERE nspname = '"+schema+"'"); got != "0" {
			t.Errorf("the schema %s is left", schema)
		}
	}
}
