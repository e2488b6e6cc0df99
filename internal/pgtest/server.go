package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/skip"
)

// Options are what may differ from a server as it is in production.
type Options struct {
	// NoSync lets the server forget what it committed when the machine crashes
	// (not when the server does), which makes commits cheaper: for tests that
	// are not about durability.
	NoSync bool
	// Settings are further lines of the configuration, each "name=value".
	Settings []string
}

// Server is a PostgreSQL in a folder of its own, on a loopback port that it
// keeps. It trusts everybody who connects; the superuser is postgres.
type Server struct {
	t       testing.TB // nil for the shared one
	options Options
	found   installation
	as      *account // nil = the tests' own
	dir     string
	port    int
	process *os.Process
	ended   chan struct{} // closed when the process has ended
}

// limit is how long the server may take for a start or a stop.
const limit = time.Minute

// Start starts a server of this test's own, which ends with the test. Without
// PostgreSQL's programs the test is skipped, also where RINGBACK_TEST_POSTGRES
// names a server: that one is not ours to stop.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	s, err := newServer(options)
	if errors.Is(err, errNotInstalled) {
		skip.Test(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	s.t = t
	t.Cleanup(s.remove)
	s.showLog(t)
	return s
}

// URL gives the URL of a database of this server.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Stop is a fast shutdown: transactions are rolled back, connections closed,
// what was committed is written to the tables.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.end(syscall.SIGINT); err != nil {
		s.t.Fatal(err)
	}
}

// Kill is an immediate shutdown: every process ends at once, as in a crash, and
// the next start recovers from the log.
func (s *Server) Kill() {
	s.t.Helper()
	if err := s.end(syscall.SIGQUIT); err != nil {
		s.t.Fatal(err)
	}
}

// Restart starts the server again with its data and its port, after a Stop if
// it runs. It returns when the server answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

func newServer(options Options) (_ *Server, err error) {
	s := &Server{options: options, ended: make(chan struct{})}
	close(s.ended)
	if s.found, err = find(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "ringback-pg-"); err != nil {
		return nil, err
	}
	if err := s.create(); err != nil {
		s.remove()
		return nil, err
	}
	if err := s.start(); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// create makes the data folder and finds a port.
func (s *Server) create() error {
	if os.Geteuid() == 0 {
		as, err := unprivileged()
		if err != nil {
			return fmt.Errorf("whom to run PostgreSQL as: %w", err)
		}
		if err := os.Chown(s.dir, as.uid, as.gid); err != nil {
			return err
		}
		s.as = &as
	}
	initdb := s.command(s.found.initdb, "--pgdata=data", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username=postgres", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	var err error
	s.port, err = freePort()
	return err
}

// freePort gives a port below those that systems give to outgoing connections,
// so that none of these has it when the server is started again.
func freePort() (int, error) {
	var last error
	for range 100 {
		port := 20000 + rand.IntN(10000)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			last = err
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("no free port: %w", last)
}

// command is a program of PostgreSQL as the server's account. It gets none of
// our environment: PostgreSQL's variables would change what it does.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = attributes(s.as)
	return cmd
}

func (s *Server) start() error {
	log, err := os.OpenFile(s.logPath(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	settings := append([]string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port), "unix_socket_directories=" + s.dir, "max_connections=200",
	}, s.options.Settings...)
	if s.options.NoSync {
		settings = append(settings, "fsync=off", "full_page_writes=off", "synchronous_commit=off")
	}
	args := []string{"-D", "data"}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := s.command(s.found.postgres, args...)
	cmd.Stdout, cmd.Stderr = log, log
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		// The process ends with the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.ended = cmd.Process, ended
	return s.answers()
}

// answers waits until the server does.
func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return fmt.Errorf("PostgreSQL ended at its start:\n%s", s.log())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer after %s: %w\n%s", limit, err, s.log())
		}
	}
}

// end sends a signal to the server, if it runs, and waits for its end.
func (s *Server) end(signal syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	select {
	case <-s.ended:
		s.process = nil
		return nil
	case <-deadline.C:
		return fmt.Errorf("PostgreSQL did not end within %s of %v:\n%s", limit, signal, s.log())
	}
}

// remove ends the server and deletes its folder.
func (s *Server) remove() {
	if err := s.end(syscall.SIGQUIT); err != nil {
		_ = s.process.Kill()
	}
	_ = os.RemoveAll(s.dir)
}

func (s *Server) logPath() string { return filepath.Join(s.dir, "log") }

// log gives the end of the server's log.
func (s *Server) log() string {
	const most = 8000
	text, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// showLog shows the log when the test has failed.
func (s *Server) showLog(t testing.TB) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("PostgreSQL's log:\n%s", s.log())
		}
	})
}
