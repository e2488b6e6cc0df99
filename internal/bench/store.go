package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/internal/store/sqlite"
)

// storeSQLite is the store that is measured unless another one is named.
const storeSQLite = "sqlite"

// place is where the program keeps its data.
type place struct {
	dir       string       // SQLite
	url       string       // PostgreSQL, instead of dir
	masterKey string       // base64 of 32 bytes; "" = DIR/master.key
	remove    func() error // may be called again
}

// open opens the store that a server made, for a moment in which none runs on it.
func (p place) open(ctx context.Context) (store.Store, error) {
	// Opening would make what is missing, but this is about what a server made.
	if p.url == "" {
		if _, err := os.Stat(filepath.Join(p.dir, "ringback.db")); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("there is no database in %s: start `ringback server --data %s` once, which makes it", p.dir, p.dir)
		}
	}
	key, err := p.key()
	if err != nil {
		return nil, err
	}
	sealer, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	if p.url == "" {
		return orNil(sqlite.Open(ctx, sqlite.Config{Dir: p.dir, Sealer: sealer, Logger: quiet}))
	}
	return orNil(postgres.Open(ctx, postgres.Config{URL: p.url, Sealer: sealer, Logger: quiet}))
}

func (p place) key() ([]byte, error) {
	switch {
	case p.masterKey != "":
		return seal.ParseKey(p.masterKey)
	case p.url != "":
		return nil, errors.New("RINGBACK_MASTER_KEY is needed with --store postgres://…: the one of the servers")
	default:
		return seal.LoadKeyFile(filepath.Join(p.dir, "master.key"))
	}
}

// orNil makes the store nil if there was an error, which a pointer in an
// interface is not.
func orNil[S store.Store](s S, err error) (store.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// waiting counts the pending deliveries of a store whose server was killed.
func (p place) waiting(ctx context.Context) (n int, err error) {
	s, err := p.open(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := takeOver(ctx, s); err != nil {
		return 0, err
	}
	const limit = 1 << 30
	b, err := s.Backlog(ctx, limit)
	return b.Scheduled.Count + b.Parked.Count, err
}

// takeOver makes scheduled what any other node has leased, as if all had been
// found dead: only what nobody holds is counted as waiting.
func takeOver(ctx context.Context, s store.Store) error {
	epoch, err := s.Join(ctx, "bench")
	if err != nil {
		return err
	}
	beat, err := s.Beat(ctx, epoch)
	if err != nil {
		return err
	}
	for _, n := range beat.Nodes {
		if err := s.EndEpoch(ctx, n.Epoch); err != nil {
			return err
		}
	}
	const slice = 1000
	for {
		if n, err := s.TakeOver(ctx, slice); n == 0 || err != nil {
			return err
		}
	}
}
