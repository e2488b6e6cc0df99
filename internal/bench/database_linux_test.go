package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/skip"
)

// What a connection has the server do is counted while it is there and after it
// has ended.
func TestDatabaseCPU(t *testing.T) {
	at := pgtest.URL(t)
	if os.Getenv("RINGBACK_TEST_POSTGRES") != "" {
		skip.Test(t, "RINGBACK_TEST_POSTGRES may be on another machine")
	}
	conn := connected(t, at)
	postmaster, err := postmasterOf(t.Context(), conn)
	if err != nil || postmaster == 0 {
		t.Fatalf("process %d, %v", postmaster, err)
	}
	var backend int
	if err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid() FROM generate_series(1, 1000000) n ORDER BY md5(n::text) LIMIT 1").Scan(&backend); err != nil {
		t.Fatal(err)
	}
	own, err := usageOf(backend)
	if err != nil {
		t.Fatal(err)
	}
	before := databaseCPU(postmaster)
	if own.cpu < 50*time.Millisecond || before < own.cpu {
		t.Errorf("%s in all, %s of it by the connection", before, own.cpu)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", backend)); os.IsNotExist(err) {
			break
		}
		if err := pause.For(t.Context(), pollEvery); err != nil {
			t.Fatal(err)
		}
	}
	if after := databaseCPU(postmaster); after < before {
		t.Errorf("%s, and %s when the connection had ended", before, after)
	}
}

// Behind something that passes connections on, a process may have the number by
// chance: it is not the database's.
func TestDatabaseIsElsewhere(t *testing.T) {
	u, err := url.Parse(pgtest.URL(t))
	if err != nil || u.Host == "" {
		skip.Test(t, "RINGBACK_TEST_POSTGRES names no host")
	}
	u.Host = passingOn(t, u.Host)
	if postmaster, err := postmasterOf(t.Context(), connected(t, u.String())); postmaster != 0 || err != nil {
		t.Errorf("process %d, %v", postmaster, err)
	}
	if cpu := databaseCPU(0); cpu != 0 {
		t.Errorf("nobody has used %s", cpu)
	}
}

func connected(t *testing.T, at string) *pgx.Conn {
	t.Helper()
	conn, err := dial(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// passingOn passes one connection on, and gives the address for it.
func passingOn(t *testing.T, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- passOne(l, to) }()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func passOne(l net.Listener, to string) error {
	client, err := l.Accept()
	if err != nil {
		return err
	}
	defer client.Close()
	database, err := net.Dial("tcp", to)
	if err != nil {
		return err
	}
	defer database.Close()
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		_, _ = io.Copy(client, database) // ends with either
	}()
	_, _ = io.Copy(database, client)
	_ = database.Close()
	<-answers
	return nil
}

// The options of a pool are no options of a connection; a wrong URL's password
// is in no error.
func TestDial(t *testing.T) {
	u, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("pool_max_conns", "30")
	u.RawQuery = query.Encode()
	connected(t, u.String())
	for _, wrong := range []string{"postgres://me:geheim@127.0.0.1:x/y", "postgres://me:geheim@127.0.0.1/y?pool_max_conns=x", "postgres://me:geheim@127.0.0.1:1/y"} {
		if _, err := dial(t.Context(), wrong); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%v", err)
		}
	}
}
