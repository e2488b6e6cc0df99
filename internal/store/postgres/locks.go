package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

var (
	lockAlone  = register("lock", scopeControl, "", "SELECT pg_advisory_lock($1)")
	lockShared = register("lock shared", scopeControl, "", "SELECT pg_advisory_lock_shared($1)")
)

// lockKey is the number of an advisory lock, of which a database has one set for
// all its schemas.
func (s *Store) lockKey(kind, name string) int64 {
	sum := sha256.Sum256([]byte(s.schema + "\x00" + kind + "\x00" + name))
	return int64(binary.BigEndian.Uint64(sum[:])) //nolint:gosec // any 64 bits will do
}

// WithLock runs fn under a lock that belongs to a connection of its own: it is
// free as soon as that ends, however it ends. fn's context ends with it, too.
func (s *Store) WithLock(ctx context.Context, name string, shared bool, fn func(context.Context) error) error {
	if err := s.calls.begin(); err != nil {
		return err
	}
	defer s.calls.done()
	conn, err := s.dial(ctx)
	if err != nil {
		return s.unreachable(err, 0)
	}
	defer hangUp(conn)
	how := lockAlone
	if shared {
		how = lockShared
	}
	if _, err := conn.Exec(ctx, how.sql, s.lockKey("lock", name)); err != nil {
		return s.failed(fmt.Sprintf("taking the lock %q", name), err)
	}
	held, lose := context.WithCancelCause(ctx)
	watch, stop := context.WithCancel(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		for watch.Err() == nil {
			// Nobody tells this connection anything, but that it has ended.
			if _, err := hear(watch, conn); err != nil && watch.Err() == nil {
				lose(fmt.Errorf("postgres: the lock %q was lost with its connection: %w", name, err))
				return
			}
		}
	}()
	err = fn(held)
	stop()
	<-watching
	if lost := context.Cause(held); err == nil && lost != nil && ctx.Err() == nil {
		err = lost
	}
	lose(nil)
	return err
}
