package engine

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/schema"
	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/ringback"
)

// TestSchemaCache keeps what is used within a weight, and drops the rest.
func TestSchemaCache(t *testing.T) {
	sealer, err := seal.New(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir(), Sealer: sealer, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := newSchemaCache(db)
	at := time.Now().UTC().Truncate(time.Microsecond)
	get := func(name string, updatedAt time.Time) *schema.Schema {
		s, err := c.get(t.Context(), schemaKey{"acc", name, updatedAt})
		if err != nil {
			t.Error(err)
		}
		return s
	}
	for i := range 5 {
		e := &ringback.EventType{AccountID: "acc", Name: fmt.Sprint(i), Schema: []byte(`{"type":"object"}`), CreatedAt: at, UpdatedAt: at}
		if err := db.InsertEventType(t.Context(), e, 10); err != nil {
			t.Fatal(err)
		}
	}
	first := get("0", at)
	c.limit = 3 * first.Weight()
	for range 3 {
		for _, name := range []string{"1", "2", "0", "3", "4"} {
			get(name, at)
			if get("0", at) != first {
				t.Fatal("the one that is used most was dropped")
			}
		}
	}
	if c.weight != c.limit || len(c.byKey) != 3 || c.recent.Len() != 3 {
		t.Errorf("it weighs %d with %d schemas; at most %d with 3", c.weight, len(c.byKey), c.limit)
	}
	if get("0", at.Add(1)) == first {
		t.Error("a changed schema is the old one")
	}
	if get("none", at) != nil {
		t.Error("there is a schema of what does not exist")
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() { get(fmt.Sprint(i%5), at) })
	}
	wg.Wait()
	if c.weight > c.limit {
		t.Errorf("it weighs %d; at most %d", c.weight, c.limit)
	}
}
