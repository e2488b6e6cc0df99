package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/ringback/ringback/internal/store/columns"
)

// writer owns the one connection that writes. Callers take turns in the order
// in which they came; a turn is one transaction.
type writer struct {
	db    *sql.DB
	turn  chan struct{} // holds one element while somebody has a turn
	conn  *sql.Conn     // nil until connected, and after a fault
	stmts map[string]*sql.Stmt
	setup []string             // statements that a new connection runs first
	ended func(committed bool) // is told of the end of each transaction, within its turn; nil = nobody

	closed bool // guarded by the turn
}

func newWriter(db *sql.DB) *writer {
	return &writer{db: db, turn: make(chan struct{}, 1)}
}

// tx is a write transaction.
type tx struct{ w *writer }

// transact runs fn in a transaction and commits it. Whatever goes wrong, the
// transaction is undone before transact returns. Once it has its turn it is
// not interrupted: ctx ends the wait alone.
func (w *writer) transact(ctx context.Context, fn func(context.Context, tx) error) error {
	select {
	case w.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-w.turn }()
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.closed {
		return errClosed
	}
	// Without cancellation the driver does not need a goroutine a statement.
	ctx = context.WithoutCancel(ctx)
	if err := w.connect(ctx); err != nil {
		return err
	}
	t := tx{w}
	committed := false
	defer func() {
		if !committed {
			w.rollback(ctx)
		}
		if w.ended != nil {
			w.ended(committed)
		}
	}()
	if _, err := t.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("sqlite: beginning: %w", err)
	}
	if err := fn(ctx, t); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("sqlite: committing: %w", err)
	}
	committed = true
	return nil
}

// connect makes sure that there is a connection.
func (w *writer) connect(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: connecting: %w", err)
	}
	w.conn, w.stmts = conn, map[string]*sql.Stmt{}
	for _, query := range w.setup {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			w.disconnect()
			return fmt.Errorf("sqlite: connecting: %w", err)
		}
	}
	return nil
}

// rollback undoes the transaction for certain. A fault such as a full disk may
// have undone it already, and ROLLBACK then fails; it also fails if something
// is badly wrong. In both cases the connection goes, and with it any
// transaction that it may still have.
func (w *writer) rollback(ctx context.Context) {
	if _, err := w.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		w.disconnect()
	}
}

// disconnect closes the connection to the file for good, instead of giving it
// back to database/sql. Its errors do not matter: SQLite closes regardless.
func (w *writer) disconnect() {
	for _, s := range w.stmts {
		_ = s.Close()
	}
	_ = w.conn.Raw(func(any) error { return errDiscard })
	_ = w.conn.Close()
	w.conn, w.stmts = nil, nil
}

// close waits for its turn; who comes after it gets errClosed.
func (w *writer) close() error {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	w.closed = true
	if w.conn != nil {
		w.disconnect()
	}
	return w.db.Close()
}

// prepared gives the statement of a query, which must be one of a bounded set.
func (t tx) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := t.w.stmts[query]; ok {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	t.w.stmts[query] = s
	return s, nil
}

// exec gives how many rows were changed.
func (t tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := t.prepared(ctx, query) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// each calls fn with each row.
func (t tx) each(ctx context.Context, fn func(scanner) error, query string, args ...any) error {
	s, err := t.prepared(ctx, query) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return drain(rows, fn)
}

// drain closes rows after fn saw each, or returned an error.
func drain(rows *sql.Rows, fn func(scanner) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := fn(rows); errors.Is(err, columns.ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return rows.Err()
}

var (
	errClosed = errors.New("sqlite: the store is closed")
	// errDiscard makes database/sql throw a connection away.
	errDiscard = driver.ErrBadConn
)
