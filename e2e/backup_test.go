package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// runs runs a command that must succeed, and gives its stdout.
func runs(t *testing.T, env []string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v ended with %v:\n%s", args, err, errs.String())
	}
	return string(out)
}

// load publishes until it is stopped.
type load struct {
	p    *process
	stop chan struct{}
	all  sync.WaitGroup

	mu       sync.Mutex
	accepted []string // events
}

func startLoad(p *process) *load {
	l := &load{p: p, stop: make(chan struct{})}
	event := map[string]any{"type": "a", "data": map[string]any{"text": strings.Repeat("x", 2000)}}
	for range 8 {
		l.all.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				var ev struct {
					ID string `json:"id"`
				}
				if p.call(http.MethodPost, "/v1/events", p.Key, event, &ev) == http.StatusAccepted {
					l.mu.Lock()
					l.accepted = append(l.accepted, ev.ID)
					l.mu.Unlock()
				}
			}
		})
	}
	return l
}

// sofar gives what was accepted by now.
func (l *load) sofar() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.accepted...)
}

func (l *load) end() {
	close(l.stop)
	l.all.Wait()
}

// A backup under load, restored into a new folder, holds all that was accepted
// before it began; a server starts on it and sends what was pending.
func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	p := start(t, "dev", filepath.Join(dir, "data"))
	r := newReceiver(t, "standard", "", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable) // so that all is pending
	})
	profileSecret(t, r, "standard", makeEndpoint(p, r.URL, "standard", "retry_schedule", []string{"5s", "5s"}))
	l := startLoad(p)
	eventually(t, 30*time.Second, "enough events were accepted", func() bool { return len(l.sofar()) > 500 })
	file := filepath.Join(dir, "store.bak")
	for i := range 5 { // the first one makes the file
		before := l.sofar()
		args := []string{"backup", file, "--data", filepath.Join(dir, "data"), "--json"}
		if i > 0 {
			args = append(args, "--force")
		}
		var out struct {
			Bytes     int64  `json:"bytes"`
			MasterKey string `json:"master_key"`
		}
		if err := json.Unmarshal([]byte(runs(t, nil, args...)), &out); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 || info.Size() != out.Bytes || out.MasterKey != filepath.Join(dir, "data", "master.key") {
			t.Errorf("mode %v, %d bytes; said %+v", info.Mode(), info.Size(), out)
		}
		wantRestored(t, p, file, before)
	}
	l.end()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 {
		t.Errorf("beside the data and the backup there is more: %v", entries)
	}
}

// wantRestored restores a backup of p's store and looks for the events.
func wantRestored(t *testing.T, p *process, file string, events []string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	key := filepath.Join(filepath.Dir(file), "data", "master.key")
	out := runs(t, nil, "restore", file, "--data", dir, "--master-key-file", key)
	contains(t, out, filepath.Join(dir, "ringback.db"), filepath.Join(dir, "master.key"))
	q := start(t, "server", dir)
	restored := allEvents(t, q, p.Key)
	for _, id := range events {
		if !restored[id] {
			t.Fatalf("event %s was accepted before the backup, and is not in it", id)
		}
	}
	if err := q.signal(syscall.SIGTERM); err != nil {
		t.Errorf("the restored server ended with %v", err)
	}
}

// allEvents gives the ids of an account's events.
func allEvents(t *testing.T, p *process, key string) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
			Next string `json:"next_cursor"`
		}
		if status := p.call(http.MethodGet, "/v1/events?limit=200"+cursor, key, nil, &page); status != http.StatusOK {
			t.Fatalf("listing events: status %d", status)
		}
		for _, e := range page.Items {
			ids[e.ID] = true
		}
		if page.Next == "" {
			return ids
		}
		cursor = "&cursor=" + page.Next
	}
}

// What was pending when the backup was made is sent by the restored server.
func TestRestoredServerDelivers(t *testing.T) {
	dir := t.TempDir()
	p := start(t, "dev", filepath.Join(dir, "data"))
	var mu sync.Mutex
	status := http.StatusServiceUnavailable
	r := newReceiver(t, "standard", "", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.WriteHeader(status)
	})
	profileSecret(t, r, "standard", makeEndpoint(p, r.URL, "standard", "retry_schedule", []string{"1s", "5s", "5s"}))
	p.call(http.MethodPost, "/v1/events", p.Key, map[string]any{"type": "a"}, nil)
	eventually(t, 10*time.Second, "the first attempt", func() bool { return r.count() == 1 })
	file := filepath.Join(dir, "store.bak")
	// A crash leaves a log that nobody has taken over yet.
	_ = p.signal(syscall.SIGKILL)
	runs(t, nil, "backup", file, "--data", filepath.Join(dir, "data"))
	mu.Lock()
	status = http.StatusOK
	mu.Unlock()
	if err := os.MkdirAll(filepath.Join(dir, "new"), 0o700); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "data", "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"RINGBACK_MASTER_KEY=" + strings.TrimSpace(string(key))}
	runs(t, env, "restore", file, "--data", filepath.Join(dir, "new"))
	if _, err := os.Stat(filepath.Join(dir, "new", "master.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key that the environment gives was written down: %v", err)
	}
	q := start(t, "server", filepath.Join(dir, "new"), append(env, "RINGBACK_ALLOW_HTTP=1", "RINGBACK_ALLOW_PRIVATE_NETWORKS=1")...)
	eventually(t, 20*time.Second, "delivered after the restore", func() bool {
		var l struct {
			Items []struct {
				Status string `json:"status"`
			} `json:"items"`
		}
		q.call(http.MethodGet, "/v1/deliveries", p.Key, nil, &l)
		return len(l.Items) == 1 && l.Items[0].Status == "delivered"
	})
	r.check(t)
	if n := r.count(); n != 1 {
		t.Errorf("%d different webhook-ids arrived", n)
	}
}

// Kill -9 in the middle of a backup leaves nothing under the backup's name, and
// an older backup as it was.
func TestKillDuringBackup(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	p := start(t, "dev", data)
	event := map[string]any{"type": "a", "data": map[string]any{"text": strings.Repeat("x", 900<<10)}}
	for range 60 {
		if status := p.call(http.MethodPost, "/v1/events", p.Key, event, nil); status != http.StatusAccepted {
			t.Fatalf("status %d", status)
		}
	}
	old := filepath.Join(dir, "old.bak")
	runs(t, nil, "backup", old, "--data", data)
	before, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range []string{filepath.Join(dir, "fresh.bak"), old} {
		cmd := exec.Command(binary, "backup", file, "--data", data, "--force")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, 10*time.Second, "the backup is being made", func() bool {
			partial, err := filepath.Glob(filepath.Join(dir, ".*.partial"))
			if err != nil {
				t.Fatal(err)
			}
			return len(partial) > i // one is left of each round
		})
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the backup had ended before it was killed")
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "fresh.bak")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file under the backup's name: %v", err)
	}
	if after, err := os.ReadFile(old); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the older backup was changed (%v)", err)
	}
	if status := p.call(http.MethodPost, "/v1/events", p.Key, event, nil); status != http.StatusAccepted {
		t.Errorf("the server after it: status %d", status)
	}
}
