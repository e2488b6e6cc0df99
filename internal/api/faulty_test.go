package api_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// faulty is the real store with faults, and with ears.
type faulty struct {
	store.Store

	full     atomic.Bool   // the disk takes nothing
	defect   atomic.Bool   // listing accounts panics
	attempts chan string   // gets the id of the delivery for each recorded attempt
	idle     chan struct{} // gets a value when a lease found no job
}

var errFull = errors.New("database or disk is full: /secret/path")

func (f *faulty) Commit(ctx context.Context, ops []store.Op) error {
	if f.full.Load() {
		return errFull
	}
	if err := f.Store.Commit(ctx, ops); err != nil {
		return err
	}
	for _, op := range ops {
		switch op := op.(type) {
		case *store.RecordAttempt:
			f.attempts <- op.ID
		case *store.LeaseJobs:
			if len(op.Jobs) == 0 {
				select {
				case f.idle <- struct{}{}:
				default:
				}
			}
		}
	}
	return nil
}

func (f *faulty) PutSetting(ctx context.Context, name, value string) error {
	if f.full.Load() {
		return errFull
	}
	return f.Store.PutSetting(ctx, name, value)
}

func (f *faulty) ListAccounts(ctx context.Context, p store.Page) ([]*ringback.Account, error) {
	if f.defect.Load() {
		panic("a defect that tells of /secret/path")
	}
	return f.Store.ListAccounts(ctx, p)
}

// attempt waits until an attempt of the delivery is recorded, or of any with "".
func (e *env) attempt(t *testing.T, delivery string) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case id := <-e.store.attempts:
			if delivery == "" || id == delivery {
				return
			}
		case <-late:
			t.Fatal("no attempt was recorded")
		}
	}
}
