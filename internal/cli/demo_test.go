package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// commandLine runs a command line.
func commandLine(args ...string) (status int, out, err string) {
	var stdout, stderr bytes.Buffer
	status = Main(args, Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return status, stdout.String(), stderr.String()
}

func TestDemo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	status, out, stderr := commandLine("demo", "--log")
	if status != 0 || !strings.Contains(out, "7 of 7 delivered and verified") {
		t.Errorf("status %d\n%s\n%s", status, out, stderr)
	}
	if !strings.Contains(stderr, "msg=attempt") || strings.Contains(out, "msg=attempt") {
		t.Errorf("--log did not show the server's log on stderr:\n%s", stderr)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDemoRunsOutOfTime(t *testing.T) {
	t.Setenv("RINGBACK_TIMEOUT", "1ms")
	status, out, stderr := commandLine("demo")
	if status != 1 || !strings.Contains(out, "\nMissing:\n") || stderr != "" {
		t.Errorf("status %d\n%s\n%s", status, out, stderr)
	}
}

func TestDemoIsUsedWrongly(t *testing.T) {
	for want, args := range map[string][]string{
		"there is no such file":              {"demo", filepath.Join(t.TempDir(), "missing.png")},
		"is a directory":                     {"demo", t.TempDir()},
		"it must be more than 0":             {"demo", "--timeout", "0s"},
		`--timeout "soon": it is a duration`: {"demo", "--timeout", "soon"},
		"unknown flag: --frobnify":           {"demo", "--frobnify"},
	} {
		status, out, stderr := commandLine(args...)
		if status != 2 || out != "" || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, printed %q and %q, want %q", args, status, out, stderr, want)
		}
	}
}
