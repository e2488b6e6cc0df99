package postgres_test

import (
	"testing"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/storetest"
)

// TestConformance runs the suite. What it runs is looked at when all tests have
// ended (checkExecuted).
func TestConformance(t *testing.T) {
	urls := map[store.Store]string{}
	open := func(t testing.TB, url string) store.Store {
		s := openStore(t, url)
		urls[s] = url
		return s
	}
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB) store.Store { return open(t, pgtest.Schema(t)) },
		Reopen: func(t testing.TB, s store.Store) store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, urls[s])
		},
	})
}
