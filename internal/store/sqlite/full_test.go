package sqlite_test

import (
	"errors"
	"testing"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/storetest"
)

// TestFullDisk fills the store up: commits fail as a whole, reads go on, and
// the same operations can be committed as soon as there is room.
func TestFullDisk(t *testing.T) {
	s := openStore(t, t.TempDir())
	ctx := t.Context()
	pages, err := s.Pages(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetMaxPages(ctx, pages+30); err != nil {
		t.Fatal(err)
	}
	var kept, lost []store.Op
	for lost == nil {
		publish, _ := storetest.PublishBatch(20, 1, 0)
		err := s.Commit(ctx, publish)
		if err == nil {
			kept = append(kept, publish...)
			continue
		}
		if _, ok := errors.AsType[*store.OpError](err); ok {
			t.Fatalf("a full disk is the fault of one operation: %v", err)
		}
		lost = publish
	}
	if len(kept) == 0 {
		t.Fatal("the disk was full from the beginning")
	}
	for range 3 {
		if err := s.Commit(ctx, lost); err == nil {
			t.Fatal("committed to a full disk")
		}
	}
	wantEvents(t, s, kept, true)
	wantEvents(t, s, lost, false)

	if err := s.SetMaxPages(ctx, 4294967294 /* the most that SQLite takes */); err != nil {
		t.Fatal(err)
	}
	commit(t, s, lost...)
	wantEvents(t, s, kept, true)
	wantEvents(t, s, lost, true)
}

func wantEvents(t *testing.T, s store.Store, ops []store.Op, there bool) {
	t.Helper()
	for _, op := range ops {
		publish := op.(*store.PublishEvent)
		_, err := s.Event(t.Context(), publish.Event.AccountID, publish.Event.ID)
		_, err2 := s.Delivery(t.Context(), publish.Event.AccountID, publish.Deliveries[0].ID)
		for _, err := range []error{err, err2} {
			if there && err != nil || !there && !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("event %s: got %v, want it there: %v", publish.Event.ID, err, there)
			}
		}
	}
}
