package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringback/ringback/ringback"
)

// TestSecretsAreSealed reads the bytes of the database and of its log.
func TestSecretsAreSealed(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	previous := []ringback.PreviousSecret{{Secret: "hidden previous secret", Until: time.UnixMicro(1)}}
	account := &ringback.Account{
		ID: "acc_1", Name: "visible account", Secret: "hidden account secret", PreviousSecrets: previous,
		SigningKey: "hidden signing key", PreviousSigningKeys: previous,
	}
	endpoint := &ringback.Endpoint{
		ID: "ep_1", AccountID: "acc_1", Name: "visible endpoint", Secret: "hidden endpoint secret",
		Headers: map[string]string{"X-Token": "hidden header"}, PreviousSecrets: previous,
	}
	if err := s.InsertAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if err := s.InsertEndpoint(t.Context(), endpoint, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.UpdateAccount(t.Context(), "acc_1", func(a *ringback.Account) error {
		a.Secret = "hidden second secret"
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	wantSealed(t, dir) // in the log
	closeStore(t, s)
	wantSealed(t, dir) // in the database
}

func wantSealed(t *testing.T, dir string) {
	t.Helper()
	var content []byte
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, b...)
	}
	if !bytes.Contains(content, []byte("visible account")) || !bytes.Contains(content, []byte("visible endpoint")) {
		t.Error("the files do not contain what they should")
	}
	if bytes.Contains(content, []byte("hidden")) || bytes.Contains(content, []byte("X-Token")) {
		t.Error("a secret is there in plain")
	}
}
