package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"

	"modernc.org/sqlite"
)

// SetMaxPages makes the database full when it has n pages, as a full disk
// would, on this connection of the writer and on those that replace it.
func (s *Store) SetMaxPages(ctx context.Context, n int64) error {
	return s.onWriter(ctx, func() error {
		s.w.setup = []string{fmt.Sprintf("PRAGMA max_page_count = %d", n)}
		s.w.disconnect()
		return s.w.connect(ctx)
	})
}

// Pages is how many pages the database has.
func (s *Store) Pages(ctx context.Context) (n int64, err error) {
	err = s.onWriter(ctx, func() error {
		return s.w.conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&n)
	})
	return n, err
}

func (s *Store) onWriter(ctx context.Context, fn func() error) error {
	s.w.turn <- struct{}{}
	defer func() { <-s.w.turn }()
	if err := s.w.connect(ctx); err != nil {
		return err
	}
	return fn()
}

// Queries gives the text of every statement that was run.
func (s *Store) Queries(ctx context.Context) (all []string, err error) {
	err = s.onWriter(ctx, func() error {
		all = slices.Collect(maps.Keys(s.w.stmts))
		for _, r := range []*reader{s.r, s.lists} {
			r.mu.Lock()
			all = slices.AppendSeq(all, maps.Keys(r.stmts))
			r.mu.Unlock()
		}
		return nil
	})
	return all, err
}

// Plan gives the steps of a query's plan.
func (s *Store) Plan(ctx context.Context, query string) (steps []string, err error) {
	args := make([]any, strings.Count(query, "?"))
	rows, err := s.r.db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return nil, err
	}
	err = drain(rows, func(row scanner) error {
		var id, parent, unused int
		var step string
		err := row.Scan(&id, &parent, &unused, &step)
		steps = append(steps, step)
		return err
	})
	return steps, err
}

// Exec runs a statement behind the store's back.
func (s *Store) Exec(ctx context.Context, query string, args ...any) error {
	return s.onWriter(ctx, func() error {
		_, err := s.w.conn.ExecContext(ctx, query, args...)
		return err
	})
}

// Limit sets one of SQLite's limits on the connection of the writer.
func (s *Store) Limit(ctx context.Context, id, value int) error {
	return s.onWriter(ctx, func() error {
		_, err := sqlite.Limit(s.w.conn, id, value)
		return err
	})
}

// HoldRead reads, by the pool of the lists or the other one, and calls fn
// before it ends.
func (s *Store) HoldRead(ctx context.Context, list bool, fn func()) error {
	r := s.r
	if list {
		r = s.lists
	}
	return r.each(ctx, func(scanner) error { fn(); return nil }, "SELECT 1")
}

// EndlessList is a list that looks at rows for ever.
func (s *Store) EndlessList(ctx context.Context) error {
	return s.lists.each(ctx, func(scanner) error { return nil }, `WITH RECURSIVE n (i) AS
		(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0`)
}

// Readers and Listers are the sizes of the pools.
const (
	Readers = maxReaders
	Listers = maxListers
)

// OfDatabase says what fails a whole commit.
var OfDatabase = ofDatabase

// SetSchemaVersion pretends that a newer program made the schema.
func (s *Store) SetSchemaVersion(ctx context.Context, version int) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		_, err := t.exec(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)", version)
		return err
	})
}

// Indexes gives the names of the indexes of the schema.
func (s *Store) Indexes(ctx context.Context) ([]string, error) {
	return list(ctx, s.r, func(row scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	}, "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
}

// Rows counts the rows of each table of history.
func (s *Store) Rows(ctx context.Context) (map[string]int, error) {
	all := map[string]int{}
	for _, table := range []string{"events", "deliveries", "deliveries_open", "attempts", "jobs", "job_inputs", "job_results"} {
		if err := one(ctx, s.r, func(row scanner) error {
			var n int
			err := row.Scan(&n)
			all[table] = n
			return err
		}, "SELECT count(*) FROM "+table); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// MigrateBy applies further migrations to the store in a folder, which is not
// open.
func MigrateBy(ctx context.Context, dir string, more map[string]string) error {
	files := fstest.MapFS{}
	known, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, path := range known {
		text, err := migrations.ReadFile(path)
		if err != nil {
			return err
		}
		files[filepath.Base(path)] = &fstest.MapFile{Data: text}
	}
	for name, text := range more {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	path := filepath.Join(dir, databaseName)
	db, err := sql.Open("sqlite", writerDSN(path))
	if err != nil {
		return err
	}
	return errors.Join(migrateBy(ctx, files, db, path, slog.New(slog.DiscardHandler)), db.Close())
}
