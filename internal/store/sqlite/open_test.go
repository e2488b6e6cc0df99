package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/internal/store/storetest"
	"github.com/ringback/ringback/ringback"
)

// wantRefused opens a folder that must be refused for the reason (nil = any),
// with all of these texts in the error, and checks that its database was not
// touched.
func wantRefused(t *testing.T, c sqlite.Config, reason error, want ...string) {
	t.Helper()
	path := filepath.Join(c.Dir, "ringback.db")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), c)
	if err == nil {
		_ = s.Close()
		t.Fatal("opened it")
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not contain %q", err, text)
		}
	}
	after, readErr := os.ReadFile(path)
	if readErr != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed (%v)", readErr)
	}
	if reason != nil && !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
}

func closeStore(t *testing.T, s *sqlite.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenMakesFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "odd ?name#with%20 &=;é")
	openStore(t, dir)
	for name, want := range map[string]os.FileMode{
		"": 0o700, "ringback.db": 0o600, "ringback.db-wal": 0o600, "ringback.lock": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode().Perm(), want)
		}
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	wantRefused(t, config(dir), store.ErrLocked, dir, fmt.Sprintf("process %d", os.Getpid()), "--data")
	closeStore(t, s)
	openStore(t, dir)
}

func TestRefusesWhatIsNotOurs(t *testing.T) {
	for name, content := range map[string]string{
		"empty":   "",
		"short":   "SQLite format 3\x00",
		"garbage": strings.Repeat("not a database ", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "ringback.db")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			wantRefused(t, config(dir), nil, path, "left as it is")
		})
	}
	t.Run("of another program", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "ringback.db")
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (x)"); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, config(dir), nil, path, "another program")
	})
	t.Run("cut off", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "ringback.db")
		closeStore(t, openStore(t, dir))
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, info.Size()-8192); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, config(dir), nil, path, "cut off")
	})
	t.Run("overwritten inside", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "ringback.db")
		closeStore(t, openStore(t, dir))
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 100; i < len(content); i++ {
			content[i] = 0xa5
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, config(dir), nil, path)
	})
}

func TestRefusesLogWithoutDatabase(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, openStore(t, dir))
	path := filepath.Join(dir, "ringback.db")
	if err := os.Rename(path, path+"-wal"); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), config(dir)); err == nil || !strings.Contains(err.Error(), path+"-wal") {
		t.Fatalf("got %v, want a refusal that names the log", err)
	}
}

func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	if err := s.SetSchemaVersion(t.Context(), 987); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	wantRefused(t, config(dir), store.ErrNewer, "ringback.db", "987", "this program knows 3")
}

func TestWrongMasterKey(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, openStore(t, dir))
	c := config(dir)
	c.Sealer = storetest.Sealer("two")
	wantRefused(t, c, store.ErrWrongMasterKey, "RINGBACK_MASTER_KEY")
	openStore(t, dir) // the lock was given free
}

func TestClosed(t *testing.T) {
	s := openStore(t, t.TempDir())
	closeStore(t, s)
	closeStore(t, s)
	if _, err := s.Account(t.Context(), "acc_1"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("reading a closed store: %v", err)
	}
	if err := s.Commit(t.Context(), []store.Op{&store.PromoteJobs{Limit: 1}}); err == nil {
		t.Error("a closed store committed")
	}
}

func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, t.TempDir())
		if err := s.InsertAccount(t.Context(), &ringback.Account{ID: "acc_1"}); err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		var order []string
		go func() {
			_, err := s.UpdateAccount(t.Context(), "acc_1", func(*ringback.Account) error {
				<-release
				order = append(order, "updated")
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			order = append(order, "closed")
		}()
		synctest.Wait()
		close(release)
		<-done
		if got := strings.Join(order, " "); got != "updated closed" {
			t.Errorf("in the order %q", got)
		}
	})
}

func TestCloseWaitsForReads(t *testing.T) {
	for _, list := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			release := make(chan struct{})
			var order []string
			go func() {
				if err := s.HoldRead(t.Context(), list, func() {
					<-release
					order = append(order, "read")
				}); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
			done := make(chan struct{})
			go func() {
				defer close(done)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				order = append(order, "closed")
			}()
			synctest.Wait()
			close(release)
			<-done
			if got := strings.Join(order, " "); got != "read closed" {
				t.Errorf("in the order %q", got)
			}
			if err := s.HoldRead(t.Context(), list, func() {}); err == nil {
				t.Error("read from a closed store")
			}
		})
	}
}

func TestInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, t.TempDir())
		publish, record := storetest.PublishBatch(10, 2, 0)
		commit(t, s, publish...)
		synctest.Wait()
		commit(t, s, record...)
		ref := record[3].(*store.RecordAttempt).DeliveryRef
		if _, err := s.Delivery(t.Context(), ref.AccountID, ref.ID); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
	})
}
