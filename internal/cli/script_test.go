package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/internal/server"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/worker"
)

// TestScripts runs testdata/script: input, command and output on one page.
// Besides the commands of testscript, scripts have those below.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("NO_COLOR", "")
			env.Setenv("TERM", "xterm")
			env.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server":  startServer,
			"worker":  startWorker,
			"hook":    startHook,
			"submit":  submitJobs,
			"settled": settled,
			"capture": capture,
			"status":  exitStatus,
		},
		RequireExplicitExec: true,
	})
}

// background runs a part until the script ends.
func background(ts *testscript.TestScript, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	ts.Defer(func() {
		cancel()
		ts.Check(<-ended)
	})
}

// startServer starts a server: `server`. It sets URL, KEY, OPERATOR and
// ACCOUNT, and for commands RINGBACK_SERVER and RINGBACK_KEY (the account's).
func startServer(ts *testscript.TestScript, _ bool, _ []string) {
	s, err := server.Open(context.Background(), server.Config{
		Addr: "127.0.0.1:0", Dir: ts.MkAbs("data"), Dev: true, AllowHTTP: true, AllowPrivate: true,
		Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	ts.Check(err)
	keys := s.Keys()
	for name, value := range map[string]string{
		"URL": s.URL(), "KEY": keys.APIKey, "OPERATOR": keys.OperatorKey, "ACCOUNT": keys.AccountID,
		"RINGBACK_SERVER": s.URL(), "RINGBACK_KEY": keys.APIKey,
	} {
		ts.Setenv(name, value)
	}
	background(ts, s.Run)
}

// api is a client with the account's key.
func api(ts *testscript.TestScript, key string) *client.Client {
	c, err := client.New(ts.Getenv("URL"), ts.Getenv(key))
	ts.Check(err)
	return c
}

// startWorker does jobs: `worker TYPE`. The input is the result, or if it is a
// string the error.
func startWorker(ts *testscript.TestScript, _ bool, args []string) {
	do := func(_ context.Context, job worker.Job) (any, error) {
		var text string
		if json.Unmarshal(job.Input, &text) == nil && text != "" {
			return nil, fmt.Errorf("%s", text)
		}
		return job.Input, nil
	}
	w, err := worker.New(api(ts, "OPERATOR"), map[string]worker.Handler{args[0]: do}, worker.Log(slog.New(slog.DiscardHandler)))
	ts.Check(err)
	background(ts, w.Run)
}

// startHook starts a receiver: `hook [STATUS [BODYFILE]]`, 204 if not said. It
// sets HOOK to its URL. With a 0 at first, the status is 500 for the first call
// and then 200.
func startHook(ts *testscript.TestScript, _ bool, args []string) {
	answer, body := http.StatusNoContent, ""
	if len(args) > 0 {
		var err error
		answer, err = strconv.Atoi(args[0])
		ts.Check(err)
	}
	if len(args) > 1 {
		body = ts.ReadFile(args[1])
	}
	var calls atomic.Int64
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := calls.Add(1); {
		case answer != 0:
			w.WriteHeader(answer)
		case n == 1:
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, body)
	}))
	ts.Setenv("HOOK", hook.URL+"/hook")
	ts.Defer(hook.Close)
}

// submitJobs submits jobs that nobody does: `submit TYPE N`.
func submitJobs(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	c := api(ts, "KEY")
	for range n {
		_, err := c.SubmitJob(context.Background(), client.SubmitJobParams{Type: args[0]})
		ts.Check(err)
	}
}

// settled waits until there are N deliveries and each was tried or is finished:
// `settled N`.
func settled(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c := api(ts, "KEY")
	for {
		l, err := c.ListDeliveries(ctx, client.ListDeliveriesParams{Page: client.Page{Limit: 200}})
		ts.Check(err)
		done := 0
		for _, d := range l.Items {
			if d.Status != ringback.DeliveryPending || d.AttemptCount > 0 {
				done++
			}
		}
		if done == n {
			return
		}
		ts.Check(pause.For(ctx, 10*time.Millisecond))
	}
}

// capture keeps what a pattern's group finds in the last stdout: `capture NAME
// PATTERN`.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("no %q in stdout", args[1])
	}
	ts.Setenv(args[0], strings.TrimSpace(found[1]))
}

// exitStatus runs a program that must end with a status: `status N PROGRAM
// ARG…`.
func exitStatus(ts *testscript.TestScript, _ bool, args []string) {
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Check(err)
		}
		got = exit.ExitCode()
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("exit status %d, want %s", got, want)
	}
}
