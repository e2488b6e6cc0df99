package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"

	"github.com/ringback/ringback/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date.
func migrate(ctx context.Context, db *sql.DB, path string, log *slog.Logger) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return migrateBy(ctx, files, db, path, log)
}

// migrateBy applies the migrations that are missing. Each is a transaction.
func migrateBy(ctx context.Context, files fs.FS, db *sql.DB, path string, log *slog.Logger) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithSlog(log), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	have, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: reading %s: %w", path, err)
	}
	if have > newest {
		return newer(path, have, newest)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: changing the schema of %s: %w", path, err)
	}
	if have > 0 && len(done) > 0 {
		log.InfoContext(ctx, "schema brought up to date", "path", path, "from", have, "to", newest)
	}
	return nil
}

func newer(path string, have, knows int64) error {
	return fmt.Errorf("sqlite: %s has schema version %d and this program knows %d; run a newer version of it, "+
		"or restore a backup that was made before the upgrade: %w",
		path, have, knows, store.ErrNewer)
}

// newestSchema is the schema version that migrate brings a store to.
func newestSchema() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("sqlite: no migrations: %w", err)
	}
	return goose.NumericComponent(files[len(files)-1])
}
