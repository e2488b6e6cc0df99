package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// findDatabase fails if the database cannot be reached, before anything is
// measured.
func (b *bench) findDatabase(ctx context.Context) error {
	if b.Store == storeSQLite {
		return nil
	}
	c, err := dial(ctx, b.Store)
	if err != nil {
		return err
	}
	b.postmaster, err = postmasterOf(ctx, c)
	return errors.Join(err, c.Close(ctx))
}

// newSchema makes a schema of its own in a PostgreSQL database. It gives the URL
// at which the schema is all that there is, and what drops it.
func newSchema(ctx context.Context, store string) (at string, drop func() error, err error) {
	u, err := url.Parse(store)
	if err != nil {
		return "", nil, fmt.Errorf("--store %s: it is no URL", secretless(store))
	}
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	name := "ringback_bench_" + hex.EncodeToString(random[:])
	drop = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropLimit)
		defer cancel()
		return inDatabase(ctx, store, "DROP SCHEMA IF EXISTS "+name+" CASCADE")
	}
	if err := inDatabase(ctx, store, "CREATE SCHEMA "+name); err != nil {
		if ctx.Err() != nil { // it may have been made before the interrupt
			err = errors.Join(err, drop())
		}
		return "", nil, err
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String(), drop, nil
}

// dropLimit is for dropping a schema with all that a benchmark wrote.
const dropLimit = time.Minute

// inDatabase executes one statement.
func inDatabase(ctx context.Context, store, statement string) error {
	c, err := dial(ctx, store)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	if err = errors.Join(err, c.Close(ctx)); err != nil {
		return fmt.Errorf("--store %s: %w", secretless(store), err)
	}
	return nil
}

// dial connects to the database. The URL may have options of a pool, as the
// server's may.
func dial(ctx context.Context, store string) (*pgx.Conn, error) {
	config, err := pgxpool.ParseConfig(store)
	if err != nil {
		return nil, fmt.Errorf("--store %s: %w", secretless(store), err)
	}
	c, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("--store %s: %w", secretless(store), err)
	}
	return c, nil
}
