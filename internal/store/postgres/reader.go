package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

// reader runs queries outside transactions.
type reader struct {
	s    *Store
	pool *pgxpool.Pool
}

// r is for queries that are short, l for lists of any length, which wait for
// each other when there are many.
func (s *Store) r() reader { return reader{s, s.pool} }
func (s *Store) l() reader { return reader{s, s.lists} }

// each calls fn with each row. A connection that the database has closed, as in
// a restart, is found out by using it: then another is tried, unless fn saw a row.
func (r reader) each(ctx context.Context, fn func(scanner) error, st *statement, args ...any) error {
	if err := r.s.calls.begin(); err != nil {
		return err
	}
	defer r.s.calls.done()
	seen := false
	see := func(row scanner) error { seen = true; return fn(row) }
	err := r.try(ctx, see, st, args)
	if _, answered := errors.AsType[*pgconn.PgError](err); err != nil && !answered && !seen && ctx.Err() == nil {
		err = r.try(ctx, see, st, args)
	}
	return err
}

func (r reader) try(ctx context.Context, fn func(scanner) error, st *statement, args []any) error {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return r.s.unreachable(err, 0)
	}
	defer conn.Release()
	rows, err := conn.Query(ctx, st.sql, args...)
	if err == nil {
		err = drain(rows, fn)
	}
	return err
}

// one reads one row, or gives ErrNotFound.
func one(ctx context.Context, q querier, fn func(scanner) error, st *statement, args ...any) error {
	found := false
	err := q.each(ctx, func(row scanner) error {
		found = true
		if err := fn(row); err != nil {
			return err
		}
		return columns.ErrStop
	}, st, args...)
	if err == nil && !found {
		return store.ErrNotFound
	}
	return err
}

// list collects what scan makes of each row. With columns.ErrStop from scan it ends
// after that one.
func list[T any](ctx context.Context, q querier, scan func(scanner) (T, error), st *statement, args ...any) ([]T, error) {
	var all []T
	err := q.each(ctx, columns.Collect(&all, scan), st, args...)
	if err != nil {
		return nil, err
	}
	return all, nil
}
