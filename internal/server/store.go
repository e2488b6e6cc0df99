package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/internal/store/sqlite"
)

// The kinds of stores.
const (
	kindSQLite   = "sqlite"
	kindPostgres = "postgres"
)

// StoreKind says which kind of store Config.Store names: sqlite (or "", in
// Config.Dir), or postgres by its URL. An error does not show the URL: it may
// have a password.
func StoreKind(named string) (string, error) {
	scheme, _, isURL := strings.Cut(named, "://")
	switch {
	case named == "", named == kindSQLite:
		return kindSQLite, nil
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return kindPostgres, nil
	case isURL:
		return "", fmt.Errorf("--store %q://…: stores of this kind are not known; it is sqlite, or postgres://USER:PASSWORD@HOST:PORT/DATABASE", scheme)
	}
	return "", errors.New("--store: it is sqlite, or postgres://USER:PASSWORD@HOST:PORT/DATABASE")
}

// openStore opens the store that is configured.
func openStore(ctx context.Context, c *Config, sealer *seal.Sealer) (store.Store, error) {
	kind, err := StoreKind(c.Store)
	if err != nil {
		return nil, err
	}
	if kind == kindSQLite {
		return orNil(sqlite.Open(ctx, sqlite.Config{Dir: c.Dir, Sealer: sealer, Logger: c.Log}))
	}
	s, err := orNil(postgres.Open(ctx, postgres.Config{URL: c.Store, Sealer: sealer, Logger: c.Log, Wait: c.StoreWait}))
	switch {
	case errors.Is(err, store.ErrWrongMasterKey):
		return nil, fmt.Errorf("%w; RINGBACK_MASTER_KEY must be the one that this store was made with", err)
	case err != nil && !errors.Is(err, store.ErrNewer):
		return nil, fmt.Errorf("opening --store (--store-wait %s): %w", c.StoreWait, err)
	}
	return s, err
}

// orNil makes the store nil if there was an error, which a pointer in an
// interface is not.
func orNil[S store.Store](s S, err error) (store.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// errNoMasterKey: nodes that share a store share the key, which none of them can
// keep in a file of its own.
var errNoMasterKey = errors.New("RINGBACK_MASTER_KEY is needed with --store postgres://…: base64 of 32 bytes, the same for all nodes; make one with: openssl rand -base64 32")

// nodeName is what other nodes and the log call this one.
func (c *Config) nodeName() string {
	if c.NodeName != "" {
		return c.NodeName
	}
	host, err := os.Hostname()
	if err != nil {
		return c.Addr
	}
	return host + "/" + c.Addr
}
