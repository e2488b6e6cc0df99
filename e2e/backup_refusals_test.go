package e2e

import (
	"bytes"
	"database/sql"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// What cannot be backed up or restored is refused with what to do, and nothing
// is changed.
func TestBackupRefusals(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "store.bak")
	p := start(t, "dev", data)
	runs(t, nil, "backup", file, "--data", data)
	other := filepath.Join(dir, "other.key")
	if err := os.WriteFile(other, []byte("b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVybzA=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, "half.bak")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		half:                            whole[:len(whole)/2],
		filepath.Join(dir, "noise.bak"): overwritten(whole),
		filepath.Join(dir, "text.bak"):  []byte(strings.Repeat("no database ", 1000)),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key := filepath.Join(data, "master.key")
	fresh := filepath.Join(dir, "fresh")
	for _, c := range []struct {
		status int
		args   []string
		want   []string
	}{
		{2, []string{"backup"}, []string{"one FILE"}},
		{2, []string{"restore", file, "more"}, []string{"one FILE"}},
		{1, []string{"backup", file, "--data", data}, []string{file, "--force"}},
		{1, []string{"backup", dir, "--data", data, "--force"}, []string{dir, "not a file"}},
		{1, []string{"backup", filepath.Join(dir, "none", "f"), "--data", data}, []string{"none"}},
		{1, []string{"backup", filepath.Join(dir, "f"), "--data", fresh}, []string{"no database", fresh}},
		{1, []string{"restore", file, "--data", data}, []string{filepath.Join(data, "ringback.db"), "another one"}},
		{1, []string{"restore", file, "--data", fresh}, []string{"RINGBACK_MASTER_KEY", "--master-key-file"}},
		{1, []string{"restore", file, "--data", fresh, "--master-key-file", other}, []string{"another master key", other}},
		{1, []string{"restore", half, "--data", fresh, "--master-key-file", key}, []string{half, "cut off"}},
		{1, []string{"restore", filepath.Join(dir, "noise.bak"), "--data", fresh, "--master-key-file", key}, []string{"noise.bak"}},
		{1, []string{"restore", filepath.Join(dir, "text.bak"), "--data", fresh, "--master-key-file", key}, []string{"not an SQLite database"}},
		{1, []string{"restore", filepath.Join(dir, "none.bak"), "--data", fresh, "--master-key-file", key}, []string{"none.bak"}},
	} {
		status, stderr := refuses(t, nil, c.args...)
		if status != c.status {
			t.Errorf("%v: exit status %d, want %d", c.args, status, c.status)
		}
		contains(t, stderr, c.want...)
		if _, err := os.Stat(filepath.Join(fresh, "ringback.db")); err == nil {
			t.Fatalf("%v made a database", c.args)
		}
	}
	if status := p.call(http.MethodGet, "/v1/account", p.Key, nil, nil); status != http.StatusOK {
		t.Errorf("the server after all this: %d", status)
	}
}

// An older program refuses what a newer one has migrated, and says what to do.
func TestNewerStore(t *testing.T) {
	data := t.TempDir()
	_ = start(t, "dev", data).signal(syscall.SIGTERM)
	db, err := sql.Open("sqlite", filepath.Join(data, "ringback.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (987, 1)")
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "newer.bak")
	runs(t, nil, "backup", file, "--data", data)
	fresh := filepath.Join(t.TempDir(), "fresh")
	for _, args := range [][]string{
		{"server", "--addr", "127.0.0.1:0", "--data", data},
		{"restore", file, "--data", fresh, "--master-key-file", filepath.Join(data, "master.key")},
	} {
		status, stderr := refuses(t, nil, args...)
		if status != 1 {
			t.Errorf("%v: exit status %d", args, status)
		}
		contains(t, stderr, "schema version 987", "this program knows ", "run a newer version", "restore a backup")
	}
}

// overwritten keeps the header and the length.
func overwritten(database []byte) []byte {
	out := bytes.Clone(database)
	for i := 8192; i < len(out); i++ {
		out[i] ^= 0xa5
	}
	return out
}
