package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// BackupConfig says what is copied where.
type BackupConfig struct {
	Dir       string // of the store
	To        string // the file to make; its folder must exist
	Overwrite bool   // To may exist; it is replaced as a whole

	// Progress is told now and then how many bytes of all were copied; nil =
	// nobody is.
	Progress func(done, all int64)
}

// Copied describes a backup.
type Copied struct {
	Bytes  int64
	Schema int64 // version
}

// Pages of a step: 1 MiB. Each is synced, and followed by a pause as long as it
// took, because a server beside the backup waits behind its writes when it syncs
// its own few pages.
const backupStep = 128

// Backup copies the store in a folder to a file, as it is at one moment, while a
// server may be running on it: it needs no lock and holds nobody up. The log of
// that server cannot be emptied meanwhile, so that it grows by what is written.
//
// The copy is made under another name, checked, synced and renamed: what has
// the name is whole. It has mode 0600. It does not hold the master key.
func Backup(ctx context.Context, c BackupConfig) (_ Copied, err error) {
	if err := absolute(&c.Dir, &c.To); err != nil {
		return Copied{}, err
	}
	path := filepath.Join(c.Dir, databaseName)
	if err := checkDatabase(path); err != nil {
		return Copied{}, err
	}
	if err := mayWrite(c); err != nil {
		return Copied{}, err
	}
	part, err := os.CreateTemp(filepath.Dir(c.To), "."+filepath.Base(c.To)+".*.partial") // mode 0600
	if err != nil {
		return Copied{}, fmt.Errorf("sqlite: %w", err)
	}
	defer func() {
		err = errors.Join(err, part.Close())
		if err != nil {
			_ = os.Remove(part.Name())
		}
	}()
	if err := copyDatabase(ctx, path, part, c.Progress); err != nil {
		return Copied{}, fmt.Errorf("sqlite: backing up %s: %w", path, err)
	}
	schema, err := checkCopy(ctx, part.Name(), nil)
	if err != nil {
		return Copied{}, fmt.Errorf("sqlite: the copy is not sound, and was deleted: %w", err)
	}
	info, err := part.Stat()
	if err != nil {
		return Copied{}, fmt.Errorf("sqlite: %w", err)
	}
	if err := mayWrite(c); err != nil { // it may have come meanwhile
		return Copied{}, err
	}
	if err := os.Rename(part.Name(), c.To); err != nil {
		return Copied{}, fmt.Errorf("sqlite: %w", err)
	}
	return Copied{Bytes: info.Size(), Schema: schema}, syncDir(filepath.Dir(c.To))
}

// absolute makes paths absolute, as dsn needs them.
func absolute(paths ...*string) (err error) {
	for _, p := range paths {
		if *p, err = filepath.Abs(*p); err != nil {
			return fmt.Errorf("sqlite: %w", err)
		}
	}
	return nil
}

func mayWrite(c BackupConfig) error {
	if own, err := isOwn(c.Dir, c.To); err != nil || own {
		return errors.Join(err, fmt.Errorf("sqlite: %s is one of the store's own files; write the backup elsewhere", c.To))
	}
	info, err := os.Stat(c.To)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("sqlite: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("sqlite: %s is not a file", c.To)
	case !c.Overwrite:
		return fmt.Errorf("sqlite: %s: %w", c.To, fs.ErrExist)
	}
	return nil
}

// isOwn says whether a path leads, or would lead, to what a running store works
// with.
func isOwn(dir, path string) (bool, error) {
	target, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("sqlite: %w", err)
	}
	folder, err := os.Stat(dir)
	if err != nil {
		return false, fmt.Errorf("sqlite: %w", err)
	}
	parent, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return false, fmt.Errorf("sqlite: %w", err)
	}
	for _, name := range []string{databaseName, databaseName + "-wal", databaseName + "-shm", databaseName + "-journal", lockName, "master.key", "dev.json"} {
		if os.SameFile(folder, parent) && filepath.Base(path) == name {
			return true, nil
		}
		if own, err := os.Stat(filepath.Join(dir, name)); err == nil && target != nil && os.SameFile(own, target) {
			return true, nil
		}
	}
	return false, nil
}

// copyDatabase copies the pages of one snapshot to a file, and syncs it.
func copyDatabase(ctx context.Context, path string, to *os.File, progress func(done, all int64)) (err error) {
	db, err := sql.Open("sqlite", readOnlyDSN(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// The transaction keeps the snapshot from step to step; without it each write
	// of a server would have the copy begin anew.
	for _, query := range []string{"BEGIN", "SELECT count(*) FROM sqlite_schema"} {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	return conn.Raw(func(driverConn any) error {
		c, ok := driverConn.(interface {
			NewBackup(to string) (*sqlite.Backup, error)
		})
		if !ok {
			return fmt.Errorf("the driver's %T cannot make backups", driverConn)
		}
		// Nobody looks at a copy that was not completed: it needs no journal.
		b, err := c.NewBackup(dsn(to.Name(), "journal_mode(OFF)", "synchronous(OFF)"))
		if err != nil {
			return err
		}
		return errors.Join(copyPages(ctx, b, to, progress), b.Finish(), to.Sync())
	})
}

func copyPages(ctx context.Context, b *sqlite.Backup, to *os.File, progress func(done, all int64)) error {
	for more := true; more; {
		began := time.Now()
		var err error
		if more, err = b.Step(backupStep); err != nil {
			return err
		}
		if err := to.Sync(); err != nil {
			return err
		}
		if progress != nil {
			all := b.PageCount()
			progress(int64(all-b.Remaining())*pageSize, int64(all)*pageSize)
		}
		timer := time.NewTimer(time.Since(began))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
	return nil
}

// checkDatabase makes sure that there is a database of ours, as far as its
// header tells.
func checkDatabase(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sqlite: there is no database at %s", path)
	}
	return checkFile(path)
}

// checkCopy reads all of a file that nobody writes, gives the version of its
// schema, and, with a sealer, makes sure that this opens its secrets.
func checkCopy(ctx context.Context, path string, sealer Sealer) (schema int64, err error) {
	db, err := sql.Open("sqlite", unchangingDSN(path))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return 0, err
	}
	if verdict != "ok" {
		return 0, fmt.Errorf("%s is damaged: %s", path, verdict)
	}
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&schema); err != nil {
		return 0, fmt.Errorf("reading the version of its schema: %w", err)
	}
	if sealer == nil {
		return schema, nil
	}
	var sealed []byte
	if err := db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'canary'").Scan(&sealed); err != nil {
		return 0, fmt.Errorf("reading what tells the master key: %w", err)
	}
	return schema, opensCanary(sealer, sealed)
}
