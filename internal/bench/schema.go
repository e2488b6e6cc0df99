package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
)

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
	if err := inDatabase(ctx, store, "CREATE SCHEMA "+name); err != nil {
		return "", nil, err
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String(), func() error {
		return inDatabase(context.WithoutCancel(ctx), store, "DROP SCHEMA "+name+" CASCADE")
	}, nil
}

// inDatabase executes one statement.
func inDatabase(ctx context.Context, store, statement string) error {
	c, err := pgx.Connect(ctx, store)
	if err == nil {
		_, err = c.Exec(ctx, statement)
		err = errors.Join(err, c.Close(ctx))
	}
	if err != nil {
		return fmt.Errorf("--store %s: %w", secretless(store), err)
	}
	return nil
}
