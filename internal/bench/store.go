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
	"github.com/ringback/ringback/internal/store/sqlite"
)

// storeSQLite is the store that is measured unless another one is named.
const storeSQLite = "sqlite"

// openFolder opens the database of a data folder, which no server has open.
// masterKey is base64 of 32 bytes; "" = DIR/master.key.
func openFolder(ctx context.Context, dir, masterKey string) (store.Store, error) {
	// Opening would make what is missing, but this is about what a server made.
	if _, err := os.Stat(filepath.Join(dir, "ringback.db")); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no database in %s: start `ringback server --data %s` once, which makes it", dir, dir)
	}
	var key []byte
	var err error
	if masterKey != "" {
		key, err = seal.ParseKey(masterKey)
	} else {
		key, err = seal.LoadKeyFile(filepath.Join(dir, "master.key"))
	}
	if err != nil {
		return nil, err
	}
	sealer, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, sqlite.Config{Dir: dir, Sealer: sealer, Logger: slog.New(slog.DiscardHandler)})
}

// waiting counts the pending deliveries of a store that no server has open.
// known is false for a PostgreSQL store: it is no folder.
func (p place) waiting(ctx context.Context) (n int, known bool, err error) {
	if p.dir == "" {
		return 0, false, nil
	}
	s, err := openFolder(ctx, p.dir, p.masterKey)
	if err != nil {
		return 0, false, err
	}
	const limit = 1 << 30
	var b store.Backlog
	if _, err = s.Join(ctx, "bench"); err == nil { // takes over what the server had leased
		b, err = s.Backlog(ctx, limit)
	}
	return b.Scheduled.Count + b.Parked.Count, true, errors.Join(err, s.Close())
}
