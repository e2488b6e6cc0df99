package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// What was acknowledged is there after the database was restarted or crashed in
// the middle of commits, what was not is not, and the store goes on by itself.
func TestRestartOfTheDatabase(t *testing.T) {
	server := pgtest.Start(t, pgtest.Options{})
	s := openStore(t, server.URL("postgres"))
	type made struct {
		op  *store.PublishEvent
		err error
	}
	var mu sync.Mutex
	var all []made
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				op := newEvent(time.Now())
				err := s.Commit(t.Context(), []store.Op{op})
				mu.Lock()
				all = append(all, made{op, err})
				mu.Unlock()
			}
		})
	}
	acknowledged := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range all {
			if m.err == nil {
				n++
			}
		}
		return n
	}
	progress := func() {
		for before, until := acknowledged(), time.Now().Add(time.Minute); acknowledged() < before+20; {
			if time.Now().After(until) {
				t.Fatal("nothing is committed any more")
			}
			time.Sleep(time.Millisecond)
		}
	}
	for _, end := range []func(){server.Stop, server.Kill, server.Kill} {
		progress()
		end()
		server.Restart()
	}
	progress()
	close(stop)
	wg.Wait()
	failed := 0
	for _, m := range all {
		if there := isThere(t, s, m.op); there != (m.err == nil) {
			t.Errorf("there: %v, error: %v", there, m.err)
		}
		if m.err != nil {
			failed++
		}
	}
	t.Logf("%d of %d commits were refused", failed, len(all)) // may be none: what became of the others was found out
}

// Commits that change the same rows in any order all succeed.
func TestCommitsOverTheSameRows(t *testing.T) {
	s := openStore(t, pgtest.Schema(t))
	const rows, writers, rounds = 20, 6, 15
	lease := store.NewLease(1, 1)
	now := time.Now()
	var refs []store.DeliveryRef
	for range rows {
		op := newEvent(now)
		op.Deliveries[0].Placement = store.Placement{Lease: lease}
		commit(t, s, op)
		refs = append(refs, store.DeliveryRef{AccountID: op.Event.AccountID, ID: op.Deliveries[0].ID})
	}
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			for round := range rounds {
				var ops []store.Op
				for _, i := range random.Perm(rows) {
					late := &store.RecordAttempt{
						DeliveryRef: refs[i], Lease: lease + 1, Status: ringback.DeliveryFailed, Now: now,
						Attempt: ringback.Attempt{Number: 1, StartedAt: now, Error: fmt.Sprint(n, round)},
					}
					ops = append(ops, late)
					if n%2 == 0 { // the same row twice: these stay in their order
						ops = append(ops, &store.RetryDelivery{DeliveryRef: refs[i], Now: now})
					}
				}
				if err := s.Commit(t.Context(), ops); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, ref := range refs {
		attempts, err := s.ListAttempts(t.Context(), ref.AccountID, ref.ID, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(attempts) != writers*rounds {
			t.Errorf("%d attempts, want %d", len(attempts), writers*rounds)
		}
	}
}
