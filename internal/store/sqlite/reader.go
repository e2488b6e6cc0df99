package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

// How many reads run at once, which bounds their caches as well. Lists, which
// may look at many rows, have connections of their own: however slow they are,
// they do not delay what the engine reads.
const (
	maxReaders = 4
	maxListers = 2
)

// reader is a pool of connections that only read. Each query sees all that was
// committed before it began.
type reader struct {
	db      *sql.DB
	running sync.WaitGroup // queries

	mu     sync.Mutex
	closed bool
	stmts  map[string]*sql.Stmt
}

func openReader(path string, conns int) (*reader, error) {
	db, err := sql.Open("sqlite", readerDSN(path))
	if err != nil {
		return nil, fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return &reader{db: db, stmts: map[string]*sql.Stmt{}}, nil
}

// querier reads: from the pool, or within a write transaction. fn must not
// query in its turn.
type querier interface {
	each(ctx context.Context, fn func(scanner) error, query string, args ...any) error
}

func (r *reader) each(ctx context.Context, fn func(scanner) error, query string, args ...any) error {
	if !r.enter() {
		return errClosed
	}
	defer r.running.Done()
	s, err := r.prepared(ctx, query) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return drain(rows, fn)
}

// enter says whether a query may run, and then counts it as running.
func (r *reader) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.running.Add(1)
	}
	return !r.closed
}

// prepared gives the statement of a query, which must be one of a bounded set.
func (r *reader) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.Lock()
	s, ok := r.stmts[query]
	r.mu.Unlock()
	if ok {
		return s, nil
	}
	s, err := r.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if earlier, ok := r.stmts[query]; ok {
		_ = s.Close() //nolint:sqlclosecheck // in a race this one was not used
		return earlier, nil
	}
	r.stmts[query] = s
	return s, nil
}

// close waits for running queries; who comes after it gets errClosed.
func (r *reader) close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.running.Wait()
	return r.db.Close()
}

// one reads one row, or gives ErrNotFound.
func one(ctx context.Context, q querier, fn func(scanner) error, query string, args ...any) error {
	found := false
	err := q.each(ctx, func(row scanner) error {
		found = true
		if err := fn(row); err != nil {
			return err
		}
		return columns.ErrStop
	}, query, args...)
	if err == nil && !found {
		return store.ErrNotFound
	}
	return err
}

// list collects what scan makes of each row. With columns.ErrStop from scan it ends
// after that one.
func list[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	if err := q.each(ctx, columns.Collect(&all, scan), query, args...); err != nil {
		return nil, err
	}
	return all, nil
}
