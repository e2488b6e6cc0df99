package e2e

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/pgtest"
)

// refusesStore starts a server that must end with this status, and say all that
// is wanted.
func refusesStore(t *testing.T, env []string, status int, args []string, want ...string) (took time.Duration) {
	t.Helper()
	started := time.Now()
	code, stderr := refuses(t, env, append([]string{"server", "--addr", "127.0.0.1:0"}, args...)...)
	if code != status {
		t.Errorf("%v: exit status %d; want %d", args, code, status)
	}
	contains(t, stderr, want...)
	secrets := []string{"very-secret"}
	for _, setting := range env {
		if _, value, _ := strings.Cut(setting, "="); value != "" {
			secrets = append(secrets, value)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(stderr, secret) {
			t.Errorf("%s is in:\n%s", secret, stderr)
		}
	}
	return time.Since(started)
}

func TestStoreOfUnknownKind(t *testing.T) {
	refusesStore(t, []string{oneMasterKey}, 2, []string{"--store", "mysql://ringback:very-secret@db/ringback"}, "mysql", "postgres://")
}

// A database that is not there, or takes connections and says nothing.
func TestStoreThatDoesNotAnswer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	absent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = absent.Close()
	for _, l := range []net.Listener{silent, absent} {
		store := fmt.Sprintf("postgres://ringback:very-secret@%s/ringback?sslmode=disable", l.Addr())
		took := refusesStore(t, []string{oneMasterKey}, 1, []string{"--store", store, "--store-wait", "2s"}, l.Addr().String(), "--store-wait")
		if took < 2*time.Second || took > 8*time.Second {
			t.Errorf("it was given up after %s; want 2 s", took)
		}
	}
}

// A database that is started a little later than the server.
func TestStoreThatComesLater(t *testing.T) {
	db := pgtest.Start(t, pgtest.Options{})
	db.Stop()
	p := launch(t, []string{oneMasterKey}, "server", "--store", db.URL("postgres"), "--store-wait", "20s")
	pass(3 * time.Second)
	if err := p.cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Fatalf("the server did not wait: %v", err)
	}
	db.Restart()
	p.announced()
	if status := p.call(http.MethodGet, "/readyz", "", nil, nil); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
}

// Nodes share a store, so that none can keep the master key in a file of its own.
func TestStoreNeedsMasterKey(t *testing.T) {
	store := []string{"--store", pgtest.Schema(t)}
	refusesStore(t, []string{"RINGBACK_MASTER_KEY="}, 1, store, "RINGBACK_MASTER_KEY", "32 bytes")
	p := launch(t, []string{oneMasterKey}, "server", store...)
	p.announced()
	refusesStore(t, []string{otherMasterKey}, 1, store, "RINGBACK_MASTER_KEY")
	// RINGBACK_STORE is the flag's other form.
	again := launch(t, []string{oneMasterKey, "RINGBACK_STORE=" + store[1]}, "server")
	again.announced()
	wantMembers(t, again.line, "url")
}

// A newer version has changed the schema: this one must not touch it.
func TestStoreOfNewerVersion(t *testing.T) {
	store := pgtest.Schema(t)
	p := launch(t, []string{oneMasterKey}, "server", "--store", store)
	p.announced()
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("ended with %v", err)
	}
	conn, err := pgx.Connect(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var versions string
	if err := conn.QueryRow(t.Context(),
		"SELECT table_name FROM information_schema.columns WHERE table_schema = current_schema() AND column_name = 'version_id'").Scan(&versions); err != nil {
		t.Fatalf("the table of migrations: %v", err)
	}
	if _, err := conn.Exec(t.Context(), "INSERT INTO "+pgx.Identifier{versions}.Sanitize()+" (version_id, is_applied) VALUES (9999, true)"); err != nil {
		t.Fatal(err)
	}
	refusesStore(t, []string{oneMasterKey}, 1, []string{"--store", store}, "9999")
}
