package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ringback/ringback/internal/store/columns"
)

var (
	begin    = register("begin", scopeControl, "", "BEGIN")
	commit   = register("commit", scopeControl, "", "COMMIT")
	rollback = register("rollback", scopeControl, "", "ROLLBACK")
)

const (
	// txTimeout ends a transaction that the database does not get on with.
	txTimeout = 30 * time.Second
	// txTries bounds how often a transaction that lost against another is tried.
	txTries = 20
)

// tx is a transaction. What needs no answer is queued, and sent together with
// the next that does, or with the end of the transaction.
type tx struct {
	conn   *pgx.Conn
	spread bool
	queued []queued
	begun  bool // something was sent
	pace   pace
}

// queued is a statement that was not sent yet.
type queued struct {
	*statement
	args []any
	read func(scanner) error     // gets each row; nil = they do not matter
	tag  func(pgconn.CommandTag) // gets the number of rows; nil = it does not matter
}

// querier is what reads: a transaction or a pool. With columns.ErrStop fn ends it.
type querier interface {
	each(ctx context.Context, fn func(scanner) error, st *statement, args ...any) error
}

// transact runs fn in a transaction and commits it; fn may be called again, if
// the transaction lost against another. Once it has a connection it is not
// interrupted: ctx ends the wait alone.
func (s *Store) transact(ctx context.Context, fn func(context.Context, *tx) error) error {
	return s.transactOn(ctx, s.pool, fn)
}

func (s *Store) transactOn(ctx context.Context, pool *pgxpool.Pool, fn func(context.Context, *tx) error) error {
	return s.retried(ctx, func(ctx context.Context) error {
		return s.try(ctx, pool, nil, fn)
	})
}

// retried tries again what lost against another transaction.
func (s *Store) retried(ctx context.Context, fn func(context.Context) error) error {
	if err := s.calls.begin(); err != nil {
		return err
	}
	defer s.calls.done()
	for try := 1; ; try++ {
		err := fn(ctx)
		if try == txTries || !hasCode(err, codeSerialization, codeDeadlock, codeGuard) {
			return err
		}
	}
}

// try runs fn in a transaction. With a mark it finds out what became of it
// if the answer was lost.
func (s *Store) try(ctx context.Context, pool *pgxpool.Pool, m *marked, fn func(context.Context, *tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return &databaseError{s.unreachable(err, 0)}
	}
	defer conn.Release()
	// A transaction that a caller could interrupt would end its connection.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), txTimeout)
	defer cancel()
	t := &tx{conn: conn.Conn(), spread: s.spread}
	if m != nil {
		t.queue(useMark, m.bucket, m.id, m.count, time.Now().UnixMicro())
	}
	if err = fn(ctx, t); err == nil {
		err = t.flush(ctx, true)
		if err != nil && m != nil && !refused(err) {
			_ = t.conn.Close(ctx) // so that the database gives up on it soon
			return s.settle(m, err)
		}
	}
	if err != nil {
		t.undo(ctx)
	}
	return err
}

// undo leaves nothing of the transaction. A connection that cannot do that is
// closed by the pool, and the database undoes it.
func (t *tx) undo(ctx context.Context) {
	if !t.begun || t.conn.IsClosed() {
		return
	}
	if _, err := t.conn.Exec(ctx, rollback.sql); err != nil {
		_ = t.conn.Close(ctx)
	}
}

// queue has a statement run whose answer does not matter.
func (t *tx) queue(st *statement, args ...any) {
	t.queued = append(t.queued, queued{statement: st, args: args})
}

// exec gives how many rows were changed.
func (t *tx) exec(ctx context.Context, st *statement, args ...any) (n int64, err error) {
	t.queued = append(t.queued, queued{statement: st, args: args, tag: func(tag pgconn.CommandTag) { n = tag.RowsAffected() }})
	return n, t.flush(ctx, false)
}

// each calls fn with each row.
func (t *tx) each(ctx context.Context, fn func(scanner) error, st *statement, args ...any) error {
	t.ask(fn, st, args...)
	return t.flush(ctx, false)
}

// ask queues a query whose rows fn gets with the next flush.
func (t *tx) ask(fn func(scanner) error, st *statement, args ...any) {
	t.queued = append(t.queued, queued{statement: st, args: args, read: fn})
}

// flush sends what is queued in one go, with the beginning of the transaction
// before it and its end behind it, and reads the answers.
func (t *tx) flush(ctx context.Context, end bool) (err error) {
	var b pgx.Batch
	if !t.begun {
		b.Queue(begin.sql)
	}
	all := t.queued
	t.queued = nil
	for i := range all {
		b.Queue(all[i].sql, all[i].args...)
	}
	if end {
		b.Queue(commit.sql)
	}
	answers := t.conn.SendBatch(ctx, &b)
	defer func() {
		if closing := answers.Close(); err == nil {
			err = classify(closing)
		}
	}()
	if !t.begun {
		t.begun = true
		if _, err := answers.Exec(); err != nil {
			return classify(fmt.Errorf("beginning: %w", err))
		}
	}
	for i := range all {
		if err := all[i].answer(answers); err != nil {
			return err
		}
	}
	if end {
		if _, err := answers.Exec(); err != nil {
			return classify(fmt.Errorf("committing: %w", err))
		}
	}
	return nil
}

// answer reads the answer to one statement.
func (q *queued) answer(answers pgx.BatchResults) error {
	if q.read == nil {
		tag, err := answers.Exec()
		if err != nil {
			return classify(fmt.Errorf("%s: %w", q.name, err))
		}
		if q.tag != nil {
			q.tag(tag)
		}
		return nil
	}
	rows, err := answers.Query()
	if err != nil {
		return classify(fmt.Errorf("%s: %w", q.name, err))
	}
	if err := drain(rows, q.read); err != nil {
		return fmt.Errorf("%s: %w", q.name, err)
	}
	return nil
}

// drain closes rows after fn saw each, or returned an error.
func drain(rows pgx.Rows, fn func(scanner) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); errors.Is(err, columns.ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return classify(rows.Err())
}
