package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/internal/store/storetest"
)

// TestBackupIsOneMoment changes the store between the steps of a backup: the
// copy shows none of it, and the writer does not wait.
func TestBackupIsOneMoment(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	epochBefore := join(t, s)
	var before []store.Op
	for range 60 { // together more than a step
		publish, _ := storetest.PublishBatch(500, 3, 0)
		commit(t, s, publish...)
		before = append(before, publish...)
	}
	var during []store.Op
	steps := 0
	file := filepath.Join(t.TempDir(), "copy")
	copied, err := sqlite.Backup(t.Context(), sqlite.BackupConfig{Dir: dir, To: file, Progress: func(done, all int64) {
		if steps++; done > all || all == 0 {
			t.Errorf("copied %d bytes of %d", done, all)
		}
		publish, _ := storetest.PublishBatch(20, 3, 0)
		commit(t, s, publish...)
		during = append(during, publish...)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() != copied.Bytes || copied.Schema < 1 || steps < 2 {
		t.Fatalf("%+v in %d steps (%v)", copied, steps, err)
	}
	fresh := filepath.Join(t.TempDir(), "restored")
	if _, err := sqlite.Restore(t.Context(), sqlite.RestoreConfig{From: file, Dir: fresh, Sealer: storetest.Sealer("one")}); err != nil {
		t.Fatal(err)
	}
	restored := openStore(t, fresh)
	wantEvents(t, restored, before, true)
	wantEvents(t, restored, during, false)
	wantEvents(t, s, during, true)
	if epoch := join(t, restored); epoch <= epochBefore {
		t.Errorf("the restored store goes on with epoch %d, the other has %d", epoch, epochBefore)
	}
}

// TestBackupIsInterrupted: nothing is left of one that was.
func TestBackupIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	to := t.TempDir()
	_, err := sqlite.Backup(ctx, sqlite.BackupConfig{
		Dir: dir, To: filepath.Join(to, "copy"), Progress: func(int64, int64) { cancel() },
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(to); err != nil || len(left) != 0 {
		t.Errorf("left are %v (%v)", left, err)
	}
}

// TestRestoreRefuses: a backup of a newer version or with another key, and a
// folder that has a database or the log of one.
func TestRestoreRefuses(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	backup := func(name string) string {
		file := filepath.Join(t.TempDir(), name)
		if _, err := sqlite.Backup(t.Context(), sqlite.BackupConfig{Dir: dir, To: file}); err != nil {
			t.Fatal(err)
		}
		return file
	}
	present := backup("present")
	if err := s.SetSchemaVersion(t.Context(), 987); err != nil {
		t.Fatal(err)
	}
	newer := backup("newer")
	vacant := filepath.Join(t.TempDir(), "vacant")
	used := t.TempDir()
	closeStore(t, openStore(t, used))
	leftover := t.TempDir()
	if err := os.WriteFile(filepath.Join(leftover, "ringback.db-wal"), []byte("of another"), 0o600); err != nil {
		t.Fatal(err)
	}
	one, two := storetest.Sealer("one"), storetest.Sealer("two")
	for _, c := range []struct {
		name string
		sqlite.RestoreConfig
		want error // nil = any
	}{
		{"newer", sqlite.RestoreConfig{From: newer, Dir: vacant, Sealer: one}, store.ErrNewer},
		{"another key", sqlite.RestoreConfig{From: present, Dir: vacant, Sealer: two}, store.ErrWrongMasterKey},
		{"a database", sqlite.RestoreConfig{From: present, Dir: used, Sealer: one}, nil},
		{"a log", sqlite.RestoreConfig{From: present, Dir: leftover, Sealer: one}, nil},
	} {
		if _, err := sqlite.Restore(t.Context(), c.RestoreConfig); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := os.Stat(vacant); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made (%v)", err)
	}
	openStore(t, used)
}

// TestBackupOverTheStore refuses what a running store works with, also through a
// link, whatever is said about replacing.
func TestBackupOverTheStore(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "ringback.db"), link); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{
		link, filepath.Join(dir, "ringback.db"), filepath.Join(dir, "ringback.db-wal"), filepath.Join(dir, "ringback.lock"),
		filepath.Join(dir, "master.key"), filepath.Join(dir, ".", "dev.json"),
	} {
		before, statErr := os.Stat(to)
		_, err := sqlite.Backup(t.Context(), sqlite.BackupConfig{Dir: dir, To: to, Overwrite: true})
		if err == nil || !strings.Contains(err.Error(), "the store's own") {
			t.Errorf("%s: %v", to, err)
		}
		after, err := os.Stat(to)
		if (statErr == nil) != (err == nil) || statErr == nil && !os.SameFile(before, after) {
			t.Errorf("%s was touched: %v, %v", to, statErr, err)
		}
	}
}
