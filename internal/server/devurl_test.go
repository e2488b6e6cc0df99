package server

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// A server of `ringback dev` that listens on all addresses is found on the
// loopback one, at each port that it is started with, with the same keys.
func TestDevFileKeepsURL(t *testing.T) {
	dir := t.TempDir()
	var first Keys
	for range 2 {
		s, err := Open(t.Context(), Config{Addr: ":0", Dir: dir, Dev: true, Version: "test", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		port := regexp.MustCompile(`\d+$`).FindString(s.URL())
		s.close()
		if first == (Keys{}) {
			first = s.Keys()
		}
		path := filepath.Join(dir, "dev.json")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var kept devFile
		if err := json.Unmarshal(raw, &kept); err != nil {
			t.Fatal(err)
		}
		if want := "http://127.0.0.1:" + port; kept.URL != want || kept.Keys != first {
			t.Errorf("dev.json holds %s and other keys: %t; want %s", kept.URL, kept.Keys != first, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	}
}
