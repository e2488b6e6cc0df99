// Package sqlite keeps the store in one SQLite file: the embedded default. It
// serves one process at a time, guarded by a lock file, and takes over what an
// earlier process had leased as soon as it opens.
//
// One connection writes, each transaction synced to disk before it is
// answered; a small pool reads. Files, all in Config.Dir: ringback.db, its -wal
// and -shm, and ringback.lock.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"github.com/ringback/ringback/internal/store"
)

// Config says where the store is.
type Config struct {
	Dir    string // is made, with mode 0700, if there is none
	Sealer Sealer
	Logger *slog.Logger // nil = slog.Default()
}

// Sealer encrypts what is secret. Open fails for what was sealed with another
// key or another aad.
type Sealer interface {
	Seal(plaintext, aad string) []byte
	Open(sealed []byte, aad string) (string, error)
}

// Store is the store in an SQLite file.
type Store struct {
	w      *writer
	r      *reader
	sealer Sealer
	lock   *flock.Flock
	epoch  int64
	turns  leaseTurns // guarded by the writer's turn

	closeOnce sync.Once
	closeErr  error
}

var _ store.Store = (*Store)(nil)

// Open opens the store, making it if there is none, brings its schema up to
// date and begins a new epoch. Errors: ErrLocked, ErrNewer, ErrWrongMasterKey,
// and others that name the file; a file that Open refuses is not changed.
func Open(ctx context.Context, c Config) (_ *Store, err error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	path := filepath.Join(dir, databaseName)
	if err := prepareFile(ctx, path); err != nil {
		return nil, err
	}
	s, err := openFile(ctx, path, c)
	if err != nil {
		return nil, err
	}
	s.lock = lock
	return s, nil
}

func openFile(ctx context.Context, path string, c Config) (_ *Store, err error) {
	writing, err := sql.Open("sqlite", writerDSN(path))
	if err != nil {
		return nil, fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	writing.SetMaxOpenConns(1)
	s := &Store{w: newWriter(writing), sealer: c.Sealer}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeDatabase())
		}
	}()
	log := cmp.Or(c.Logger, slog.Default())
	if err := migrate(ctx, writing, path, log); err != nil {
		return nil, err
	}
	reading, err := sql.Open("sqlite", readerDSN(path))
	if err != nil {
		return nil, fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	s.r = newReader(reading)
	if err := s.begin(ctx, path, log); err != nil {
		return nil, err
	}
	return s, nil
}

// Epoch is the number of this opening of the store.
func (s *Store) Epoch() int64 { return s.epoch }

// Close waits for running calls and gives the folder free. What is called
// after it fails.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.closeErr = errors.Join(s.closeDatabase(), s.lock.Close())
	})
	return s.closeErr
}

// closeDatabase closes the writer last: the last connection to close empties
// the log into the database.
func (s *Store) closeDatabase() error {
	var err error
	if s.r != nil {
		err = s.r.close()
	}
	return errors.Join(err, s.w.close())
}
