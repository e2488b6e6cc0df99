package postgres_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/internal/store/storetest"
)

// Several nodes that start at once on an empty database make one schema.
func TestNodesOpenAnEmptySchemaAtOnce(t *testing.T) {
	url := pgtest.Schema(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), config(url))
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAnotherMasterKey(t *testing.T) {
	url := pgtest.Schema(t)
	openStore(t, url)
	c := config(url)
	c.Sealer = storetest.Sealer("two")
	if _, err := postgres.Open(t.Context(), c); !errors.Is(err, store.ErrWrongMasterKey) {
		t.Fatalf("got %v, want ErrWrongMasterKey", err)
	}
	openStore(t, url)
}
