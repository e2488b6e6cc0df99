package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"github.com/ringback/ringback/internal/store"
)

// maxReaders bounds how many reads run at once, and with it their caches.
const maxReaders = 4

// reader is the pool of connections that only read. Each query sees all that
// was committed before it began.
type reader struct {
	db *sql.DB

	running sync.RWMutex // held for reading by each query, so that close can wait
	closed  bool

	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

func newReader(db *sql.DB) *reader {
	db.SetMaxOpenConns(maxReaders)
	db.SetMaxIdleConns(maxReaders)
	return &reader{db: db, stmts: map[string]*sql.Stmt{}}
}

// querier reads: from the pool, or within a write transaction. fn must not
// query in its turn.
type querier interface {
	each(ctx context.Context, fn func(scanner) error, query string, args ...any) error
}

func (r *reader) each(ctx context.Context, fn func(scanner) error, query string, args ...any) error {
	r.running.RLock()
	defer r.running.RUnlock()
	if r.closed {
		return errClosed
	}
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

// close waits for running queries.
func (r *reader) close() error {
	r.running.Lock()
	defer r.running.Unlock()
	r.closed = true
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
		return errStop
	}, query, args...)
	if err == nil && !found {
		return store.ErrNotFound
	}
	return err
}

// list collects what scan makes of each row.
func list[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := q.each(ctx, func(row scanner) error {
		v, err := scan(row)
		if err != nil {
			return err
		}
		all = append(all, v)
		return nil
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return all, nil
}
