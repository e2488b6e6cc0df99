// Package e2e tests the built program from outside: its processes, its files,
// its signals.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
)

// binary is the program under test, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ringback-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "ringback")
	build := exec.Command("go", "build", "-o", binary, "../cmd/ringback")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the program:", err)
		return 1
	}
	return pgtest.Main(m, pgtest.Options{})
}

// process is a running server.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan string // on stdout
	line   string      // the first of them
	URL    string      `json:"url"`
	Key    string      `json:"api_key"`
	Op     string      `json:"operator_key"`
	Acct   string      `json:"account_id"`
	stderr *syncBuffer
	exited chan error
}

// syncBuffer keeps what a process writes while others read it.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// start runs `ringback COMMAND --addr 127.0.0.1:0 --data DIR --json` and waits
// for its line.
func start(t *testing.T, command, dir string, env ...string) *process {
	t.Helper()
	p := launch(t, env, command, "--data", dir)
	p.announced()
	return p
}

// launch runs `ringback COMMAND ARGS --addr 127.0.0.1:0 --json` and does not
// wait for its line.
func launch(t *testing.T, env []string, command string, args ...string) *process {
	t.Helper()
	p := &process{t: t, stderr: &syncBuffer{}, lines: make(chan string, 16), exited: make(chan error, 1)}
	p.cmd = exec.Command(binary, append([]string{command, "--addr", "127.0.0.1:0", "--json"}, args...)...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("the server's log:\n%s", tail(p.stderr.String()))
		}
	})
	go func() {
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			p.lines <- scanner.Text()
		}
		close(p.lines)
		p.exited <- p.cmd.Wait()
	}()
	return p
}

// announced waits for the line of a server.
func (p *process) announced() {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatalf("the server printed no line:\n%s", tail(p.stderr.String()))
		}
		p.line = line
		if err := json.Unmarshal([]byte(line), p); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
	case <-time.After(20 * time.Second):
		p.t.Fatalf("the server printed no line in 20 s:\n%s", tail(p.stderr.String()))
	}
}

func tail(s string) string {
	const limit = 4000
	if len(s) > limit {
		return "…" + s[len(s)-limit:]
	}
	return s
}

// signal sends a signal and gives the exit error.
func (p *process) signal(s syscall.Signal) error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.exited:
		return err
	case <-time.After(20 * time.Second):
		p.t.Fatalf("the server did not end within 20 s of signal %v", s)
		return nil
	}
}

// call makes an API request and decodes the answer. A connection that fails
// gives status 0.
func (p *process) call(method, path, key string, body any, out any, headers ...string) int {
	p.t.Helper()
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, p.URL+path, r)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			p.t.Fatalf("%s %s: %d %q: %v", method, path, resp.StatusCode, raw, err)
		}
	}
	return resp.StatusCode
}

var client = &http.Client{
	Timeout:   30 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 64},
}

// refuses runs a command that must fail, and gives its exit status and what it
// wrote to stderr.
func refuses(t *testing.T, env []string, args ...string) (status int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	err := cmd.Run()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatalf("%v ended with %v:\n%s", args, err, errs.String())
	}
	return exit.ExitCode(), errs.String()
}

// eventually waits for something that another process does.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("after %s still not: %s", limit, what)
		}
	}
}

// contains fails the test for each text that is not in s.
func contains(t *testing.T, s string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(s, text) {
			t.Errorf("%q is not in:\n%s", text, s)
		}
	}
}
