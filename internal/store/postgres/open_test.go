package postgres_test

import (
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/internal/store/storetest"
)

// Several nodes that start at once on an empty database make one schema.
func TestNodesOpenAnEmptySchemaAtOnce(t *testing.T) {
	url := pgtest.Schema(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), config(url))
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAnotherMasterKey(t *testing.T) {
	url := pgtest.Schema(t)
	openStore(t, url)
	c := config(url)
	c.Sealer = storetest.Sealer("two")
	if _, err := postgres.Open(t.Context(), c); !errors.Is(err, store.ErrWrongMasterKey) {
		t.Fatalf("got %v, want ErrWrongMasterKey", err)
	}
	openStore(t, url)
}

func TestNewerSchema(t *testing.T) {
	url := pgtest.Schema(t)
	openStore(t, url)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)"); err != nil {
		t.Fatal(err)
	}
	_, err = postgres.Open(t.Context(), config(url))
	if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "version 999") {
		t.Fatalf("got %v, want ErrNewer and the version", err)
	}
}

// What is wrong with an address is told without the password in it.
func TestUnusableAddresses(t *testing.T) {
	server := pgtest.URL(t)
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	closed := freeAddress(t)
	for name, c := range map[string]struct{ url, want string }{
		"not a URL":        {"postgres//me:s3cret@host", "cannot be used"},
		"a bad port":       {"postgres://me:s3cret@host:port/db", "cannot be used"},
		"a bad option":     {"postgres://me:s3cret@host/db?pool_max_conns=x", "cannot be used"},
		"nobody there":     {"postgres://me:s3cret@" + closed + "/db", closed + "/db did not answer"},
		"no such host":     {"postgres://me:s3cret@host.invalid/db", "host.invalid:5432/db did not answer"},
		"no such database": {"postgres://postgres:s3cret@" + u.Host + "/nothing?sslmode=disable", `database "nothing" does not exist`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := postgres.Open(t.Context(), config(c.url))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

// Open waits for a database that is not up yet, and not for one that refuses.
func TestWaitForTheDatabase(t *testing.T) {
	server := pgtest.Start(t, pgtest.Options{NoSync: true})
	c := config(server.URL("postgres"))
	c.Wait = time.Minute
	server.Stop()
	opened := make(chan error, 1)
	go func() {
		s, err := postgres.Open(t.Context(), c)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	server.Restart()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	c.URL = server.URL("nothing")
	if _, err := postgres.Open(t.Context(), c); err == nil {
		t.Fatal("opened a database that there is not")
	}
	server.Stop()
	c.URL, c.Wait = server.URL("postgres"), time.Second
	if _, err := postgres.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "within 1s") {
		t.Fatalf("got %v, want how long it waited", err)
	}
}

// freeAddress is one at which nobody answers.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
