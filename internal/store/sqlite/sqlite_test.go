package sqlite_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/internal/store/storetest"
)

// openStore opens a store that is closed when the test ends.
func openStore(t testing.TB, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// join begins an epoch.
func join(t testing.TB, s *sqlite.Store) int64 {
	t.Helper()
	epoch, err := s.Join(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

func config(dir string) sqlite.Config {
	return sqlite.Config{Dir: dir, Sealer: storetest.Sealer("one"), Logger: storetest.Quiet}
}

func commit(t testing.TB, s store.Store, ops ...store.Op) {
	t.Helper()
	if err := s.Commit(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
}

// TestConformance runs the suite, and then looks at the plan of each statement
// that was used.
func TestConformance(t *testing.T) {
	empty := t.TempDir() // to copy is much faster than to make the schema anew
	closeStore(t, openStore(t, empty))
	dirs := map[store.Store]string{}
	queries := map[string]bool{}
	open := func(t testing.TB, dir string) store.Store {
		s := openStore(t, dir)
		dirs[s] = dir
		t.Cleanup(func() { // before the store is closed
			used, err := s.Queries(context.WithoutCancel(t.Context()))
			if err != nil {
				return // closed by the test
			}
			for _, query := range used {
				queries[query] = true
			}
		})
		return s
	}
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB) store.Store {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(empty)); err != nil {
				t.Fatal(err)
			}
			return open(t, dir)
		},
		Reopen: func(t testing.TB, s store.Store) store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, dirs[s])
		},
	})
	t.Run("Plans", func(t *testing.T) { checkPlans(t, queries) })
}

// growing are the tables that grow without bound. Reading one from end to end
// is wrong in every statement, unless it is a partial index that is read.
var growing = regexp.MustCompile(
	`^SCAN (jobs|job_\w+|events|e|d|deliveries\w*|attempts|idempotency)\b`)

func checkPlans(t *testing.T, queries map[string]bool) {
	if len(queries) < 50 {
		t.Fatalf("the suite ran only %d statements", len(queries))
	}
	s := openStore(t, t.TempDir())
	unused, err := s.Indexes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for query := range queries {
		if strings.HasPrefix(query, "BEGIN") || strings.HasPrefix(query, "COMMIT") {
			continue
		}
		plan, err := s.Plan(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		merged := strings.HasPrefix(query, "SELECT * FROM (") // sorts two pages to make one
		for _, step := range plan {
			unused = slices.DeleteFunc(unused, func(name string) bool {
				return strings.Contains(step, "INDEX "+name)
			})
			ofIndex := strings.Contains(step, "INDEX open_") || strings.Contains(step, "INDEX jobs_")
			sorts := strings.Contains(step, "TEMP B-TREE") && !merged
			if growing.MatchString(step) && !ofIndex || sorts {
				t.Errorf("%s\nis run as\n%s", query, strings.Join(plan, "\n"))
				break
			}
		}
	}
	if len(unused) > 0 {
		t.Errorf("indexes that no statement uses: %v", unused)
	}
}
