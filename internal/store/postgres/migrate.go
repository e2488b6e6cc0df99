package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/ringback/ringback/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return s.migrateBy(ctx, files)
}

// migrateBy applies the migrations that are missing, each in a transaction. Of
// several nodes that start at once one does, and the others wait.
func (s *Store) migrateBy(ctx context.Context, files fs.FS) (err error) {
	db := stdlib.OpenDBFromPool(s.pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock))
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSlog(s.log), goose.WithDisableGlobalRegistry(true), goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	have, newest, err := p.GetVersions(ctx)
	if err != nil {
		return s.failed("reading the schema", err)
	}
	if have > newest {
		return s.newer(have, newest)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return s.failed("changing the schema", err)
	}
	if have > 0 && len(done) > 0 {
		s.log.InfoContext(ctx, "schema brought up to date", "database", s.where, "from", have, "to", newest)
	}
	return nil
}

// migrationLock is the number of the advisory lock, of the whole database.
const migrationLock = 0x72696e67 // "ring"

func (s *Store) newer(have, knows int64) error {
	return fmt.Errorf("postgres: %s has schema version %d and this program knows %d; run a newer version of it: %w",
		s.where, have, knows, store.ErrNewer)
}
