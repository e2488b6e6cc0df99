package postgres_test

import (
	"os"
	"testing"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/internal/store/storetest"
)

func TestMain(m *testing.M) {
	code := pgtest.Main(m, pgtest.Options{NoSync: true})
	if !checkExecuted() {
		code = 1
	}
	os.Exit(code)
}

func config(url string) postgres.Config {
	return postgres.Config{URL: url, Sealer: storetest.Sealer("one"), Logger: storetest.Quiet}.Traced(executed)
}

// openStore opens a store that is closed when the test ends.
func openStore(t testing.TB, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), config(url))
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

func commit(t testing.TB, s *postgres.Store, ops ...store.Op) {
	t.Helper()
	if err := s.Commit(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
}
