// Package sqlite keeps the store in one SQLite file: the embedded default. It
// serves one process at a time, guarded by a lock file.
//
// One connection writes, each transaction synced to disk before it is
// answered; two small pools read, one of them lists alone. Files, all in Config.Dir: ringback.db, its -wal
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
	"sync/atomic"

	"github.com/gofrs/flock"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

// Config says where the store is.
type Config struct {
	Dir    string // is made, with mode 0700, if there is none
	Sealer Sealer
	Logger *slog.Logger // nil = slog.Default()
}

// Sealer encrypts what is secret.
type Sealer = columns.Sealer

// Store is the store in an SQLite file.
type Store struct {
	w      *writer
	r      *reader
	lists  *reader // for lists of any length
	sealer Sealer
	log    *slog.Logger
	lock   *flock.Flock
	epoch  atomic.Int64
	turns  leaseTurns // guarded by the writer's turn

	// What the transaction under way gathers, and for which of its operations.
	events, open, deliveries *bulk
	inputs, jobs, results    *bulk
	op                       int

	nextInput int64 // row of job_inputs; guarded by the writer's turn

	revisions revisions
	born      born
	locks     locks

	closeOnce sync.Once
	closeErr  error
}

var _ store.Store = (*Store)(nil)

// Open opens the store, making it if there is none, brings its schema up to
// date and checks the master key. Errors: ErrLocked, ErrNewer, ErrWrongMasterKey,
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
	s := &Store{
		w: newWriter(writing), sealer: c.Sealer, log: cmp.Or(c.Logger, slog.Default()),
		events: newEventRows(), open: newOpenRows(), deliveries: newFirstRows(),
		inputs: newInputRows(), jobs: newJobRows(), results: newResultRows(),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeDatabase())
		}
	}()
	if err := migrate(ctx, writing, path, s.log); err != nil {
		return nil, err
	}
	if s.r, err = openReader(path, maxReaders); err != nil {
		return nil, err
	}
	if s.lists, err = openReader(path, maxListers); err != nil {
		return nil, err
	}
	s.w.ended = func(committed bool) {
		for _, b := range s.gathered() {
			b.clear()
		}
		s.born.close(committed)
	}
	if err := s.checkKey(ctx, path); err != nil {
		return nil, err
	}
	if err := s.findNextInput(ctx, path); err != nil {
		return nil, err
	}
	if err := s.recoverBorn(ctx, path); err != nil {
		return nil, err
	}
	return s, nil
}

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
	var errs []error
	for _, r := range []*reader{s.lists, s.r} {
		if r != nil {
			errs = append(errs, r.close())
		}
	}
	return errors.Join(append(errs, s.w.close())...)
}
