// Package pgtest gives tests a real PostgreSQL: one that it starts in a
// throwaway folder, or the one that RINGBACK_TEST_POSTGRES names by its URL.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/skip"
)

// shared is the server of this test binary.
var shared struct {
	sync.Mutex

	main    bool // Main runs, and ends the server
	options Options
	server  *Server
	err     error // why there is no server
}

// Main runs the tests of a package for its TestMain, and then ends the shared
// server, if a test started it with these options:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, pgtest.Options{})) }
func Main(m *testing.M, options Options) (exitCode int) {
	shared.Lock()
	shared.main, shared.options = true, options
	shared.Unlock()
	defer func() {
		shared.Lock()
		defer shared.Unlock()
		shared.main = false
		if shared.server != nil {
			shared.server.remove()
			shared.server = nil
		}
	}()
	return m.Run()
}

// URL gives the URL of a database that the tests of this binary share: that of
// RINGBACK_TEST_POSTGRES, or else of a server that the first call starts and
// Main ends. Without either, the test is skipped.
func URL(t testing.TB) string {
	t.Helper()
	if given := os.Getenv("RINGBACK_TEST_POSTGRES"); given != "" {
		return given
	}
	shared.Lock()
	defer shared.Unlock()
	if !shared.main {
		t.Fatal("the package's TestMain does not call pgtest.Main")
	}
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = newServer(shared.options)
	}
	if errors.Is(shared.err, errNotInstalled) {
		skip.Test(t, shared.err.Error()+"; RINGBACK_TEST_POSTGRES may name a server")
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	shared.server.showLog(t)
	return shared.server.URL("postgres")
}

// Schema gives the URL of the shared database with an empty schema as its
// search path. The schema is dropped with all that is in it when the test ends.
func Schema(t testing.TB) string {
	t.Helper()
	base := URL(t)
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal("RINGBACK_TEST_POSTGRES is no URL") // err would show its password
	}
	schema := "test_" + strings.ToLower(rand.Text()[:16])
	execute(t, base, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { execute(t, base, "DROP SCHEMA "+schema+" CASCADE") })
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String()
}

// execute runs one statement on a connection of its own. A lock that somebody
// holds for more than ten seconds fails the test.
func execute(t testing.TB, databaseURL, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "SET lock_timeout = '10s'"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}
