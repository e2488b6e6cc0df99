//go:build unix

package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// workerProcess is a running `ringback worker`.
type workerProcess struct {
	cmd    *exec.Cmd
	stderr *syncBuffer
	exited chan error
}

// work starts `ringback worker ARGS` at a server.
func work(t *testing.T, p *process, env []string, args ...string) *workerProcess {
	t.Helper()
	w := &workerProcess{stderr: &syncBuffer{}, exited: make(chan error, 1)}
	w.cmd = exec.Command(binary, append([]string{"worker"}, args...)...)
	w.cmd.Env = append(append(os.Environ(), "RINGBACK_SERVER="+p.URL, "RINGBACK_KEY="+p.Op), env...)
	w.cmd.Stderr = w.stderr
	w.cmd.WaitDelay = time.Second // a program that outlives its killed worker keeps stderr open
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { w.exited <- w.cmd.Wait() }()
	t.Cleanup(func() {
		_ = w.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("a worker's log:\n%s", tail(w.stderr.String()))
		}
	})
	return w
}

// ends waits for a worker's end and gives it.
func (w *workerProcess) ends(t *testing.T) error {
	t.Helper()
	select {
	case err := <-w.exited:
		return err
	case <-time.After(20 * time.Second):
		t.Fatalf("the worker did not end within 20 s:\n%s", tail(w.stderr.String()))
		return nil
	}
}

type shownJob struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Result  any    `json:"result"`
	Error   string `json:"error"`
	Attempt int    `json:"attempt"`
}

func submitJob(t *testing.T, p *process, body map[string]any) string {
	t.Helper()
	var j shownJob
	if status := p.call(http.MethodPost, "/v1/jobs", p.Key, body, &j); status != http.StatusAccepted {
		t.Fatalf("submitting: %d", status)
	}
	return j.ID
}

// finished waits until a job is final.
func finished(t *testing.T, p *process, id string) (j shownJob) {
	t.Helper()
	if status := p.call(http.MethodGet, "/v1/jobs/"+id+"?wait=25", p.Key, nil, &j); status != http.StatusOK || j.Status == "queued" || j.Status == "running" {
		t.Fatalf("status %d, %+v", status, j)
	}
	return j
}

// alive says whether a process is there, and no zombie.
func alive(t *testing.T, pid string) bool {
	t.Helper()
	out, err := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

// read gives a file's text, or "".
func read(path string) string {
	text, _ := os.ReadFile(path)
	return strings.TrimSpace(string(text))
}

// A worker that is killed loses its job to another one, once its lease ends.
func TestKilledWorker(t *testing.T) {
	p := start(t, "dev", t.TempDir())
	r := newReceiver(t, "standard", "", nil)
	profileSecret(t, r, "standard", makeEndpoint(p, r.URL, "standard"))
	dir := t.TempDir()
	// The first attempt takes for ever, the second one no time.
	script := `echo $$ > "$DIR/pid.$RINGBACK_ATTEMPT"; echo "$WHO" >> "$DIR/who"
		if [ "$RINGBACK_ATTEMPT" = 1 ]; then sleep 600; fi; cat`
	args := []string{"exec", "--type", "slow", "--lease", "2s", "--", "sh", "-c", script}
	workers := map[string]*workerProcess{}
	for _, who := range []string{"one", "two"} {
		workers[who] = work(t, p, []string{"DIR=" + dir, "WHO=" + who}, args...)
	}
	id := submitJob(t, p, map[string]any{"type": "slow", "input": map[string]any{"n": 1}})
	eventually(t, 10*time.Second, "a worker has the job", func() bool { return read(filepath.Join(dir, "who")) != "" })
	first := read(filepath.Join(dir, "who"))
	t.Cleanup(func() { // SIGKILL leaves the worker no time to end its program
		if pid, err := strconv.Atoi(read(filepath.Join(dir, "pid.1"))); err == nil {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
	})
	_ = workers[first].cmd.Process.Kill()
	_ = workers[first].ends(t)

	j := finished(t, p, id)
	if j.Status != "succeeded" || j.Attempt != 2 {
		t.Errorf("%+v", j)
	}
	if who := strings.Fields(read(filepath.Join(dir, "who"))); len(who) != 2 || who[0] == who[1] {
		t.Errorf("done by %v", who)
	}
	eventually(t, 10*time.Second, "its webhook arrived", func() bool { return r.count() > 0 })
	r.check(t)
	var events struct {
		Items []struct {
			Type string `json:"type"`
		} `json:"items"`
	}
	p.call(http.MethodGet, "/v1/events?job_id="+id, p.Key, nil, &events)
	if len(events.Items) != 1 || events.Items[0].Type != "job.succeeded" || r.count() != 1 {
		t.Errorf("events %+v, %d calls; want one completion", events.Items, r.count())
	}
	for who, w := range workers {
		if who != first {
			_ = w.cmd.Process.Signal(syscall.SIGTERM)
			if err := w.ends(t); err != nil {
				t.Errorf("%s ended with %v", who, err)
			}
			contains(t, w.stderr.String(), "outcome=succeeded", "stopping")
		}
	}
}

// When a job is canceled, its program and all that it has started are killed,
// even if they ignore SIGTERM.
func TestCanceledJobIsKilled(t *testing.T) {
	p := start(t, "dev", t.TempDir())
	dir := t.TempDir()
	script := `trap '' TERM; sh -c 'trap "" TERM; echo $$ > "$DIR/child"; while :; do sleep 1; done' &
		echo $$ > "$DIR/program"; while :; do sleep 1; done`
	w := work(t, p, []string{"DIR=" + dir}, "exec", "--type", "stubborn", "--lease", "1s", "--", "sh", "-c", script)
	id := submitJob(t, p, map[string]any{"type": "stubborn"})
	pids := func() []string {
		return []string{read(filepath.Join(dir, "program")), read(filepath.Join(dir, "child"))}
	}
	eventually(t, 10*time.Second, "both run", func() bool { return pids()[0] != "" && pids()[1] != "" })
	for _, pid := range pids() {
		if !alive(t, pid) {
			t.Fatalf("%s does not run", pid)
		}
	}
	if status := p.call(http.MethodPost, "/v1/jobs/"+id+"/cancel", p.Key, nil, nil); status != http.StatusOK {
		t.Fatalf("canceling: %d", status)
	}
	canceled := time.Now()
	eventually(t, 15*time.Second, "both are killed", func() bool { return !alive(t, pids()[0]) && !alive(t, pids()[1]) })
	if took := time.Since(canceled); took < 4*time.Second {
		t.Errorf("they were killed after %s, without time to end", took)
	}
	eventually(t, 5*time.Second, "it is in the log", func() bool { return strings.Contains(w.stderr.String(), "outcome=lost") })
	if j := finished(t, p, id); j.Status != "canceled" {
		t.Errorf("%+v", j)
	}
}

// A worker that is told to stop gives its job back after the grace period.
func TestStoppedWorker(t *testing.T) {
	p := start(t, "dev", t.TempDir())
	dir := t.TempDir()
	w := work(t, p, []string{"DIR=" + dir}, "exec", "--type", "long", "--grace", "1s", "--", "sh", "-c", `echo $$ > "$DIR/pid"; sleep 600`)
	id := submitJob(t, p, map[string]any{"type": "long", "max_attempts": 1})
	eventually(t, 10*time.Second, "it runs", func() bool { return read(filepath.Join(dir, "pid")) != "" })
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	if err := w.ends(t); err != nil {
		t.Errorf("ended with %v", err)
	}
	if j := finished(t, p, id); j.Status != "failed" || j.Error != "the worker was stopped before the job was finished" {
		t.Errorf("%+v", j)
	}
	if alive(t, read(filepath.Join(dir, "pid"))) {
		t.Error("the program still runs")
	}
}
