package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/ringback/ringback/internal/store"
)

const lockName = "ringback.lock"

// lockDir takes the lock of a data folder. The kernel gives it free when the
// process ends, however it ends.
func lockDir(dir string) (*flock.Flock, error) {
	path := filepath.Join(dir, lockName)
	lock := flock.New(path, flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("sqlite: locking %s: %w", path, err)
	}
	if !held {
		return nil, fmt.Errorf("another server%s is using %s; stop it, or give this one another --data: %w",
			lockOwner(path), dir, store.ErrLocked)
	}
	// The number is a courtesy to whoever finds the folder locked; the lock
	// does not depend on it, and some systems let nobody write a locked file.
	_ = os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o600)
	return lock, nil
}

func lockOwner(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}
