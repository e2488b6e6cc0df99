package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
)

// connect makes a connection beside the store's.
func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// terminate ends the backends whose last statement is like this one.
func terminate(t testing.TB, conn *pgx.Conn, like string) {
	t.Helper()
	var n int
	if err := conn.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE query LIKE $1 AND pid <> pg_backend_pid()`, like).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		t.Fatalf("no backend has run %q", like)
	}
}

// eventually waits until something is so: for another process, whose time is not
// ours to move.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(20 * time.Second); !is(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("after 20 s it is not so: %s", what)
		}
	}
}

// Nodes that join at once get epochs of their own, and see each other.
func TestNodesJoinAtOnce(t *testing.T) {
	url := pgtest.Schema(t)
	const nodes = 8
	stores, epochs := make([]*postgres.Store, nodes), make([]int64, nodes)
	for i := range stores {
		stores[i] = openStore(t, url)
	}
	var wg sync.WaitGroup
	for i, s := range stores {
		wg.Go(func() {
			var err error
			if epochs[i], err = s.Join(t.Context(), fmt.Sprint("node ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, s := range stores {
		b, err := s.Beat(t.Context(), epochs[i])
		if err != nil {
			t.Fatal(err)
		}
		if b.Alone || time.Until(b.Now).Abs() > time.Minute {
			t.Errorf("alone %v, the clock says %s", b.Alone, b.Now)
		}
		var seen []int64
		for _, n := range b.Nodes {
			seen = append(seen, n.Epoch)
			if n.Epoch == epochs[i] && (n.Count != 1 || n.Name != fmt.Sprint("node ", i) || n.JoinedAt.IsZero()) {
				t.Errorf("node %d is %+v", i, n)
			}
		}
		if !slices.IsSorted(seen) || len(seen) != nodes || !slices.Contains(seen, epochs[i]) {
			t.Errorf("node %d sees the epochs %v", i, seen)
		}
	}
}

// A node whose epoch another one ended is fenced, and what it had leased is taken
// over, also when it leases more afterwards; a living node's is not.
func TestTakeOver(t *testing.T) {
	url := pgtest.Schema(t)
	a, b := openStore(t, url), openStore(t, url)
	dead, living := join(t, a), join(t, b)
	publishLeased(t, a, store.NewLease(dead, 1), 3)
	publishLeased(t, b, store.NewLease(living, 1), 2)
	if n := takeOver(t, b, 100); n != 0 {
		t.Fatalf("took over %d of living nodes", n)
	}
	if err := b.EndEpoch(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Beat(t.Context(), dead); !errors.Is(err, store.ErrFenced) {
		t.Errorf("the dead one's beat gives %v", err)
	}
	if first, rest := takeOver(t, b, 2), takeOver(t, b, 100); first != 2 || rest != 1 {
		t.Errorf("took over %d, then %d", first, rest)
	}
	publishLeased(t, a, store.NewLease(dead, 2), 1) // it does not know yet
	if n := takeOver(t, b, 100); n != 1 {
		t.Errorf("took over %d that were committed late", n)
	}
	for epoch, want := range map[int64]int{dead: 0, living: 2} {
		leased, err := b.LeasedDeliveries(t.Context(), epoch)
		if err != nil || len(leased) != want {
			t.Errorf("%d are leased in epoch %d, want %d (%v)", len(leased), epoch, want, err)
		}
	}
}

func join(t testing.TB, s *postgres.Store) int64 {
	t.Helper()
	epoch, err := s.Join(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

func takeOver(t testing.TB, s *postgres.Store, limit int) int {
	t.Helper()
	n, err := s.TakeOver(t.Context(), limit)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
