package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// RestoreConfig says which backup goes where.
type RestoreConfig struct {
	From   string // what Backup made
	Dir    string // of the store; is made, with mode 0700, if there is none
	Sealer Sealer // of the master key that the store was made with
}

// Restore puts a backup into a folder that has no database, whole or not at
// all. It refuses a backup that is damaged, was made by a newer version
// (ErrNewer) or was sealed with another key (ErrWrongMasterKey), and a folder
// that is in use (ErrLocked).
func Restore(ctx context.Context, c RestoreConfig) (_ Copied, err error) {
	if err := absolute(&c.From, &c.Dir); err != nil {
		return Copied{}, err
	}
	path := filepath.Join(c.Dir, databaseName)
	if err := checkVacant(path); err != nil { // before the long part
		return Copied{}, err
	}
	copied, err := checkBackup(ctx, c)
	if err != nil {
		return Copied{}, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return Copied{}, fmt.Errorf("sqlite: %w", err)
	}
	lock, err := lockDir(c.Dir)
	if err != nil {
		return Copied{}, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := checkVacant(path); err != nil {
		return Copied{}, err
	}
	return copied, copyFile(ctx, c.From, path)
}

// checkVacant refuses a folder with a database, or with what is left of one:
// its log would be taken for that of the backup.
func checkVacant(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if _, err := os.Lstat(path + suffix); err == nil {
			return fmt.Errorf("sqlite: %s is there already: a backup is restored into a folder without a database; "+
				"give another one, or move %s* away", path+suffix, path)
		}
	}
	return nil
}

func checkBackup(ctx context.Context, c RestoreConfig) (Copied, error) {
	info, err := os.Stat(c.From)
	if err != nil {
		return Copied{}, fmt.Errorf("sqlite: %w", err)
	}
	if err := checkFile(c.From); err != nil {
		return Copied{}, err
	}
	schema, err := checkCopy(ctx, c.From, c.Sealer)
	if err != nil {
		return Copied{}, fmt.Errorf("sqlite: %s cannot be restored: %w", c.From, err)
	}
	knows, err := newestSchema()
	if err != nil {
		return Copied{}, err
	}
	if schema > knows {
		return Copied{}, newer(c.From, schema, knows)
	}
	return Copied{Bytes: info.Size(), Schema: schema}, nil
}

// copyFile copies a file under another name, syncs it, and renames it.
func copyFile(ctx context.Context, from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() { _ = source.Close() }()                                            // only read from
	part, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+".*.partial") // mode 0600
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	_, err = io.Copy(part, contextReader{ctx, source})
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Rename(part.Name(), to)
	}
	if err != nil {
		_ = os.Remove(part.Name())
		return fmt.Errorf("sqlite: copying %s: %w", from, err)
	}
	return syncDir(filepath.Dir(to))
}

// contextReader reads until the context is done.
type contextReader struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
