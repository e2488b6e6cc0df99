package postgres_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/ringback/ringback/internal/pgtest"
)

// Of several nodes one at a time runs under a lock; other names and other stores
// have others.
func TestLockExcludes(t *testing.T) {
	url := pgtest.Schema(t)
	var inside, most atomic.Int64
	var group errgroup.Group
	for range 2 {
		s := openStore(t, url)
		for range 3 {
			group.Go(func() error {
				return s.WithLock(t.Context(), "a", false, func(context.Context) error {
					if n := inside.Add(1); n > most.Load() {
						most.Store(n)
					}
					inside.Add(-1)
					return nil
				})
			})
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if most.Load() != 1 {
		t.Errorf("%d were under the lock at once", most.Load())
	}
	s, elsewhere := openStore(t, url), openStore(t, pgtest.Schema(t))
	nothing := func(context.Context) error { return nil }
	if err := s.WithLock(t.Context(), "a", true, func(ctx context.Context) error {
		group.Go(func() error { return s.WithLock(ctx, "a", true, nothing) })
		group.Go(func() error { return s.WithLock(ctx, "b", false, nothing) })
		group.Go(func() error { return elsewhere.WithLock(ctx, "a", false, nothing) })
		return group.Wait()
	}); err != nil {
		t.Fatal(err)
	}
}

// A lock is free when its holder's connection dies, and the holder is told.
func TestLockEndsWithItsConnection(t *testing.T) {
	url := pgtest.Schema(t)
	a, b := openStore(t, url), openStore(t, url)
	conn := connect(t, url)
	taken := false
	err := a.WithLock(t.Context(), "a", false, func(ctx context.Context) error {
		// The number of the lock is that of the schema, which no other test has.
		if _, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(l.pid) FROM pg_locks l
			JOIN pg_stat_activity s ON s.pid = l.pid
			WHERE l.locktype = 'advisory' AND l.granted AND s.query = 'SELECT pg_advisory_lock($1)'`); err != nil {
			return err
		}
		if err := b.WithLock(t.Context(), "a", false, func(context.Context) error {
			taken = true
			return nil
		}); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
	if !taken || err == nil || !strings.Contains(err.Error(), `the lock "a" was lost`) {
		t.Errorf("taken by another: %v; the holder got %v", taken, err)
	}
}
