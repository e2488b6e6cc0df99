package seal

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeyFileIsMadeOnceAndKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")
	key, err := LoadOrCreateKeyFile(path)
	if err != nil || len(key) != KeySize {
		t.Fatal(len(key), err)
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != base64.StdEncoding.EncodeToString(key)+"\n" {
		t.Errorf("the file holds %d bytes, %v", len(text), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	again, err := LoadOrCreateKeyFile(path)
	if err != nil || !bytes.Equal(again, key) {
		t.Errorf("a second call gives another key, %v", err)
	}
	wantOnly(t, dir, "master.key")
}

// wantOnly fails if a temporary file was left behind.
func wantOnly(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestKeyFilesDiffer(t *testing.T) {
	a, err := LoadOrCreateKeyFile(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := LoadOrCreateKeyFile(filepath.Join(t.TempDir(), "key"))
	if err != nil || bytes.Equal(a, b) {
		t.Errorf("two files hold the same key, %v", err)
	}
}

func TestConcurrentCreatorsAgree(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		path := filepath.Join(dir, "master.key")
		keys := make([][]byte, 16)
		start := make(chan struct{})
		var done sync.WaitGroup
		for i := range keys {
			done.Go(func() {
				<-start
				key, err := LoadOrCreateKeyFile(path)
				if err != nil {
					t.Error(err)
				}
				keys[i] = key
			})
		}
		close(start)
		done.Wait()
		for _, key := range keys {
			if len(key) != KeySize || !bytes.Equal(key, keys[0]) {
				t.Fatal("two creators have different keys")
			}
		}
		wantOnly(t, dir, "master.key")
	}
}

// WriteKeyFile is what a process does that lost the race after it looked.
func TestExistingKeyFileIsNotOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	key, err := LoadOrCreateKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteKeyFile(path, make([]byte, KeySize)); err != nil {
		t.Fatal(err)
	}
	if again, err := LoadKeyFile(path); err != nil || !bytes.Equal(again, key) {
		t.Errorf("the key was replaced, %v", err)
	}
	wantOnly(t, filepath.Dir(path), "master.key")
}

func TestOpenKeyFileModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := LoadOrCreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o600, 0o400, 0o700, 0o604, 0o640, 0o644, 0o601, 0o620, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := LoadOrCreateKeyFile(path)
		if mode&0o077 == 0 {
			if err != nil {
				t.Errorf("mode %o: %v", mode, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: error %v", mode, err)
		}
	}
}

func TestDamagedKeyFileIsRefusedAndKept(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("Q"), KeySize))
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "is empty: restore it"},
		{"blank", "\n\n", "is empty"},
		{"cut", good[:20], "is damaged"},
		{"not base64", strings.Repeat("!", 44), "is damaged"},
		{"two keys", good + "\n" + good + "\n", "is damaged"},
		{"too long", strings.Repeat("UVFR", 5000), "is damaged"},
	} {
		path := filepath.Join(t.TempDir(), "master.key")
		if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadOrCreateKeyFile(path)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "UVFR") {
			t.Errorf("%s: error %v", tc.name, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != tc.text {
			t.Errorf("%s: the file was changed, %v", tc.name, err)
		}
	}
}

func TestKeyFileInImpossiblePlaces(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadOrCreateKeyFile(filepath.Join(dir, "missing", "master.key")); err == nil {
		t.Error("a missing directory is no error")
	}
	if _, err := LoadOrCreateKeyFile(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: error %v", err)
	}
}
