package sqlite_test

import (
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/ringback"
)

// TestMigrationIsWhole: a migration that fails half way leaves the store as it
// was, and one that is complete is kept.
func TestMigrationIsWhole(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	account := &ringback.Account{ID: "acc_1", Name: "before"}
	if err := s.InsertAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	const begin = "-- +goose Up\nUPDATE accounts SET name = 'after';\nALTER TABLE accounts ADD COLUMN more TEXT NOT NULL DEFAULT '';\n"
	err := sqlite.MigrateBy(t.Context(), dir, map[string]string{"9000_half.sql": begin + "INSERT INTO nowhere VALUES (1);\n"})
	if err == nil || !strings.Contains(err.Error(), "ringback.db") || !strings.Contains(err.Error(), "nowhere") {
		t.Fatalf("a broken migration: %v", err)
	}
	s = openStore(t, dir) // the schema is not newer
	got, err := s.Account(t.Context(), account.ID)
	if err != nil || got.Name != "before" {
		t.Errorf("the account is %+v (%v)", got, err)
	}
	if err := s.Exec(t.Context(), "SELECT more FROM accounts"); err == nil {
		t.Error("the column of the broken migration is there")
	}
	closeStore(t, s)
	if err := sqlite.MigrateBy(t.Context(), dir, map[string]string{"9000_whole.sql": begin}); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), config(dir)); err == nil || !strings.Contains(err.Error(), "9000") {
		t.Errorf("a store that a newer version migrated: %v", err)
	}
}
