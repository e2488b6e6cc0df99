package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// benchReport is what `bench --json` prints, as docs/bench.md has it.
type benchReport struct {
	Store   string `json:"store"`
	Machine struct {
		Cores int    `json:"cores"`
		OS    string `json:"os"`
		Arch  string `json:"arch"`
		Go    string `json:"go"`
	} `json:"machine"`
	Workloads []map[string]any `json:"workloads"`
}

// A short benchmark loses nothing, prints its figures and a page, and leaves
// nothing behind.
func TestBench(t *testing.T) {
	temp := t.TempDir()
	page := filepath.Join(t.TempDir(), "bench.html")
	cmd := exec.Command(binary, "bench", "--quick", "--workload", "burst", "--workload", "crash", "--json", "--html", page)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
	contains(t, errs.String(), "1/2  burst, run 1 of 1", "2/2  crash, run 1 of 1")
	var r benchReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("%v: %s", err, out.String())
	}
	if r.Store != "sqlite" || r.Machine.Cores < 1 || r.Machine.OS == "" || r.Machine.Arch == "" || r.Machine.Go == "" || len(r.Workloads) != 2 {
		t.Fatalf("%s", out.String())
	}
	for i, members := range [][]string{
		{"name", "value", "unit", "relay", "ratio", "min", "max", "runs", "lost", "duplicates", "p50_ms", "p99_ms"},
		{"name", "value", "unit", "min", "max", "runs", "lost", "duplicates"},
	} {
		w := r.Workloads[i]
		for _, m := range members {
			if _, ok := w[m]; !ok {
				t.Errorf("%s has no member %q", w["name"], m)
			}
		}
		if fmt.Sprint(w["lost"], w["signatures_wrong"], w["runs"]) != "0 0 1" || w["signatures_checked"] == 0.0 {
			t.Errorf("%v", w)
		}
	}
	if w := r.Workloads[0]; w["name"] != "burst" || w["value"].(float64) <= 0 || w["ratio"].(float64) <= 0 || w["duplicates"] != 0.0 {
		t.Errorf("%v", w)
	}
	// At most what was in flight at each of three kills is repeated.
	if w := r.Workloads[1]; w["name"] != "crash" || w["duplicates"].(float64) > 3*inFlightLimit || w["met"] != true {
		t.Errorf("%v", w)
	}
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(raw), "<svg ", "Throughput of burst", "Memory of crash")
	empty(t, temp)
}

// An interrupt ends every process of a benchmark, and its folder goes; so does
// every process when the benchmark is killed.
func TestBenchInterrupted(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		temp := t.TempDir()
		cmd := exec.Command(binary, "bench", "--workload", "crash")
		cmd.Env = append(os.Environ(), "TMPDIR="+temp)
		var errs syncBuffer
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, 20*time.Second, "receiver, load generator and server run", func() bool { return len(childrenOf(t, cmd.Process.Pid)) >= 3 })
		parts := childrenOf(t, cmd.Process.Pid)
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // its status is looked at below
		if signal == syscall.SIGINT {
			if code := cmd.ProcessState.ExitCode(); code != 130 {
				t.Errorf("exit status %d:\n%s", code, errs.String())
			}
			contains(t, errs.String(), "interrupted")
			empty(t, temp)
		}
		eventually(t, 10*time.Second, fmt.Sprintf("no part runs after signal %d", signal), func() bool {
			return !slices.ContainsFunc(parts, running)
		})
	}
}

// empty fails the test if a folder holds anything.
func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("%s was left behind", f.Name())
	}
}
