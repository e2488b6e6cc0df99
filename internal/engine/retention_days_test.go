package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/internal/store/storetest"
	"github.com/ringback/ringback/ringback"
)

// dayed is a store that can drop days.
type dayed struct {
	store.History
	drop func(before time.Time) (store.Purged, error)
}

func (d dayed) DropDays(_ context.Context, before time.Time) (store.Purged, error) {
	return d.drop(before)
}

// Whole days are dropped first, and the rest is deleted event by event. What was
// dropped counts although the store then failed.
func TestRetentionDropsDaysFirst(t *testing.T) {
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir(), Sealer: storetest.Sealer("one"), Logger: storetest.Quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ev := &ringback.Event{ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: "acc_a", Type: "t", CreatedAt: at}
	if err := db.Commit(t.Context(), []store.Op{&store.PublishEvent{Event: ev}}); err != nil {
		t.Fatal(err)
	}
	before := at.Add(time.Hour)
	broken := errors.New("broken")
	for _, c := range []struct {
		err  error
		want int // events
	}{{broken, 7}, {nil, 7 + 1}} {
		p := purger{before: before, rows: 10, store: dayed{db, func(got time.Time) (store.Purged, error) {
			if !got.Equal(before) {
				t.Errorf("dropped days before %s, want %s", got, before)
			}
			if _, err := db.Event(t.Context(), ev.AccountID, ev.ID); err != nil {
				t.Errorf("what is not of a whole day went first: %v", err)
			}
			return store.Purged{Events: 7}, c.err
		}}}
		if err := p.run(t.Context()); !errors.Is(err, c.err) || p.sum.Events != c.want {
			t.Errorf("got %v with %+v, want %v with %d events", err, p.sum, c.err, c.want)
		}
	}
}
