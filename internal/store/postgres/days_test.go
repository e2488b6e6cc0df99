package postgres_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store/postgres"
)

// parts gives the parts of a table.
func parts(t testing.TB, url, table string) (names []string) {
	t.Helper()
	rows, err := connect(t, url).Query(t.Context(), `SELECT c.relname::text FROM pg_class c
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname LIKE $1 || '\_2%' ORDER BY 1`, table)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// There are parts for today and the days to come, of several nodes that open the
// store at once.
func TestDaysAreMadeAtOpen(t *testing.T) {
	url := pgtest.Schema(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), config(url))
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	wg.Wait()
	now := time.Now()
	for _, table := range []string{"events", "deliveries", "attempts"} {
		got := parts(t, url, table)
		for day := range 3 {
			if want := postgres.PartOf(table, now.AddDate(0, 0, day)); !slices.Contains(got, want) {
				t.Errorf("there is no %s among %v", want, got)
			}
		}
	}
}
