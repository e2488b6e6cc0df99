package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/terminal"
	"github.com/ringback/ringback/internal/terminal/terminaltest"
)

// hostile is an API whose texts try to steer the terminal.
func hostile(t *testing.T) {
	t.Helper()
	const job = `{"id": "job_1", "type": "a", "status": "failed", "attempt": 1, "max_attempts": 3, "created_at": "2026-01-02T15:04:05Z",
		"error": "one\u001b]0;title\u0007\ntwo\u009b31m", "input": {"\u001b[2J": "\u202e"}, "new_member": "\u009b"}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/jobs":
			_, _ = fmt.Fprintf(w, `{"items": [%s]}`, job)
		case "/v1/jobs/job_1":
			_, _ = fmt.Fprint(w, job)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, `{"code": "not_found", "detail": "none \u001b[31m of that name"}`)
		}
	}))
	t.Cleanup(s.Close)
	t.Setenv("RINGBACK_SERVER", s.URL)
	t.Setenv("RINGBACK_KEY", "rb_x")
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
}

// onTerminal runs a command line with stdout and stderr on a terminal.
func onTerminal(t *testing.T, width uint16, args ...string) (status int, shown string) {
	t.Helper()
	x := terminaltest.Open(t, width)
	status = Main(args, Streams{In: strings.NewReader(""), Out: x.File, Err: x.File})
	return status, x.Shown(t)
}

func TestTerminalIsNotSteered(t *testing.T) {
	hostile(t)
	for _, args := range []string{"jobs list", "jobs get job_1", "jobs get job_1 --json", "jobs list --json", "jobs list --all --json", "jobs wait job_1", "jobs get job_2", "jobs cancel job_2 job_3"} {
		_, shown := onTerminal(t, 100, strings.Fields(args)...)
		rest := shown
		for _, ours := range []string{clearLine, "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"} {
			if !strings.Contains(args, "job_2") { // an error has no colours
				rest = strings.ReplaceAll(rest, ours, "")
			}
		}
		if shown == "" || rest != terminal.Lines(rest) {
			t.Errorf("%s: %q", args, shown)
		}
	}
}

func TestTerminalShowsColoursAndShortTimes(t *testing.T) {
	hostile(t)
	status, shown := onTerminal(t, 60, "jobs", "list")
	lines := strings.Split(shown, "\n")
	if status != 0 || len(lines) != 3 || !strings.Contains(lines[0], "\x1b[1mID\x1b[0m ") || !strings.Contains(lines[1], "\x1b[31mfailed\x1b[0m ") || strings.Contains(shown, "15:04:05Z") {
		t.Errorf("status %d: %q", status, shown)
	}
	t.Setenv("NO_COLOR", "1")
	if _, shown := onTerminal(t, 60, "jobs", "list"); strings.Contains(shown, "\x1b") {
		t.Errorf("in spite of NO_COLOR: %q", shown)
	}
	// A pipe gets text alone, with whole times.
	var out, stderr bytes.Buffer
	Main([]string{"jobs", "list"}, Streams{In: strings.NewReader(""), Out: &out, Err: &stderr})
	if strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), " 2026-01-02T15:04:05Z ") {
		t.Errorf("%q", out.String())
	}
}

func TestTerminalShowsProgress(t *testing.T) {
	hostile(t)
	status, shown := onTerminal(t, 80, "jobs", "wait", "job_1")
	if before, after, ok := strings.Cut(shown, clearLine); status != 1 || !ok || before != "" || !strings.Contains(after, "job_1") {
		t.Errorf("status %d: %q", status, shown)
	}
}
