package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

const (
	databaseName  = "ringback.db"
	applicationID = 0x52474b31 // "RGK1", in the header of every database of ours
	pageSize      = 8192
)

const (
	writerCacheKiB    = 32 << 10
	readerCacheKiB    = 2 << 10
	checkpointPages   = 4000     // 32 MiB: a page that is written often reaches the database file once
	logSizeLimit      = 64 << 20 // bytes: what the log keeps of its greatest size
	busyTimeoutMillis = 5000
)

// The parts of a database's header that are looked at (sqlite.org/fileformat2.html).
const (
	headerSize         = 100
	headerMagic        = "SQLite format 3\x00"
	offsetPageSize     = 16
	offsetChanges      = 24
	offsetPages        = 28
	offsetApplication  = 68
	offsetPagesVersion = 92 // equal to the word at offsetChanges if the page count is valid
)

// dsn makes the driver's name of a database: its path as a file: URL, and
// PRAGMAs that every connection starts with.
func dsn(path string, pragmas ...string) string {
	if runtime.GOOS == "windows" {
		path = "/" + filepath.ToSlash(path)
	}
	u := url.URL{Scheme: "file", Path: path}
	q := url.Values{"_dqs": {"0"}, "_txlock": {"immediate"}, "_pragma": pragmas}
	u.RawQuery = q.Encode()
	return u.String()
}

func writerDSN(path string) string {
	return dsn(path,
		fmt.Sprintf("busy_timeout(%d)", busyTimeoutMillis),
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(0)", "temp_store(MEMORY)",
		fmt.Sprintf("cache_size(-%d)", writerCacheKiB),
		fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages),
		fmt.Sprintf("journal_size_limit(%d)", logSizeLimit))
}

func readerDSN(path string) string {
	return dsn(path,
		fmt.Sprintf("busy_timeout(%d)", busyTimeoutMillis),
		"synchronous(FULL)", "temp_store(MEMORY)", "query_only(1)",
		fmt.Sprintf("cache_size(-%d)", readerCacheKiB))
}

// readOnlyDSN is for a database that a server may be writing.
func readOnlyDSN(path string) string {
	return dsn(path, fmt.Sprintf("busy_timeout(%d)", busyTimeoutMillis), "temp_store(MEMORY)", "query_only(1)") + "&mode=ro"
}

// unchangingDSN is for a database that nobody writes, and that has no log.
func unchangingDSN(path string) string {
	return dsn(path, "temp_store(MEMORY)", "query_only(1)") + "&mode=ro&immutable=1"
}

// prepareFile makes the database if there is none, and otherwise makes sure
// that the file is one of ours and whole as far as its header tells. It never
// changes a file that exists.
func prepareFile(ctx context.Context, path string) error {
	err := checkFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createFile(ctx, path)
	}
	return err
}

// checkFile refuses a file that is not one of ours, or was cut off.
func checkFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(f, header); err != nil {
		return refuse(path, "it is too short to be a database")
	}
	return checkHeader(path, header, info.Size())
}

func checkHeader(path string, header []byte, size int64) error {
	word := func(at int) uint32 { return binary.BigEndian.Uint32(header[at:]) }
	if !strings.HasPrefix(string(header), headerMagic) {
		return refuse(path, "it is not an SQLite database")
	}
	if id := word(offsetApplication); id != applicationID {
		return refuse(path, fmt.Sprintf("it is the SQLite database of another program (application id %#x)", id))
	}
	// A log that is left may hold what the file lacks.
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return nil
	}
	page := int64(binary.BigEndian.Uint16(header[offsetPageSize:]))
	if page == 1 {
		page = 64 << 10
	}
	want := page * int64(word(offsetPages))
	if word(offsetChanges) == word(offsetPagesVersion) && size < want {
		return refuse(path, fmt.Sprintf("it was cut off: it has %d bytes and should have %d", size, want))
	}
	return nil
}

func refuse(path, why string) error {
	return fmt.Errorf("sqlite: %s cannot be used: %s; it was left as it is. "+
		"Restore it from a backup, or move it away to begin with an empty store", path, why)
}

// createFile makes an empty database under another name and renames it, so
// that whatever has the name is whole.
func createFile(ctx context.Context, path string) error {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if _, err := os.Stat(path + suffix); err == nil {
			return refuse(path, fmt.Sprintf("it is missing, but %s is there", path+suffix))
		}
	}
	fresh := path + ".new"
	for _, name := range []string{fresh, fresh + "-journal"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sqlite: %w", err)
		}
	}
	// SQLite gives its log and its index the permissions of the database.
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := initFile(ctx, fresh); err != nil {
		return fmt.Errorf("sqlite: making %s: %w", path, err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

func initFile(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", dsn(path, fmt.Sprintf("page_size(%d)", pageSize), "synchronous(FULL)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
	return err
}

// syncDir makes a rename in a folder durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // there a folder cannot be synced, and need not be
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	err = d.Sync()
	if err = errors.Join(err, d.Close()); err != nil {
		return fmt.Errorf("sqlite: syncing %s: %w", dir, err)
	}
	return nil
}
