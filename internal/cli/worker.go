package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/worker"
)

// maxResult bounds what a worker's program or URL may give as a result, in
// bytes: the API takes no larger bodies.
const maxResult = 1 << 20

// workerFlags are the flags of `worker exec` and `worker http`.
type workerFlags struct {
	types               []string
	concurrency         int
	lease, grace        time.Duration
	connection          connectionFlags
	logLevel, logFormat string
}

func newWorker() *cobra.Command {
	return group("worker", "Do jobs: with a program of yours, or by calling a URL of yours",
		newWorkerExec(), newWorkerHTTP())
}

func (f *workerFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.types, "type", nil, "`TYPE` of jobs to do; may be repeated, or several with commas")
	flags.IntVar(&f.concurrency, "concurrency", 1, "how many jobs to do at a time")
	flags.DurationVar(&f.lease, "lease", worker.DefaultLease, "`DURATION` of leases: after a crash, another worker gets the jobs after it")
	flags.DurationVar(&f.grace, "grace", worker.DefaultGrace, "`DURATION` that running jobs have to end when the worker is stopped")
	f.connection.register(cmd, "`ID` of the one account whose jobs to do, with an operator's key; default: all accounts")
	flags.StringVar(&f.logLevel, "log-level", "info", "least `LEVEL` that is logged: debug, info, warn, error")
	flags.StringVar(&f.logFormat, "log-format", "text", "`FORMAT` of the log on stderr: text, json")
}

// check refuses flags that cannot be meant.
func (f *workerFlags) check() error {
	switch {
	case len(f.types) == 0:
		return &usageError{errors.New("--type is missing: say which jobs to do")}
	case f.concurrency < 1 || f.concurrency > worker.MaxConcurrency:
		return &usageError{fmt.Errorf("--concurrency %d: it must be between 1 and %d", f.concurrency, worker.MaxConcurrency)}
	case f.lease < time.Second || f.lease > ringback.MaxLease || f.lease%time.Second != 0:
		return &usageError{fmt.Errorf("--lease %s: it must be whole seconds between 1s and %s", f.lease, ringback.MaxLease)}
	case f.grace < 0:
		return &usageError{fmt.Errorf("--grace %s: it must not be negative", f.grace)}
	}
	for _, t := range f.types {
		if !ringback.ValidEventType(t) {
			return &usageError{fmt.Errorf("--type %q: types match [A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)* with at most %d characters", t, ringback.MaxEventType)}
		}
	}
	return nil
}

// run does jobs until the command's context ends. stderr must bear concurrent
// writes.
func (f *workerFlags) run(cmd *cobra.Command, stderr io.Writer, do worker.Handler) error {
	log, err := newLog(stderr, f.logLevel, f.logFormat)
	if err != nil {
		return err
	}
	connection, err := f.connection.resolve(cmd, true)
	if err != nil {
		return err
	}
	if connection.key.value == "" {
		return wrongUse("%w. A worker's is an operator's, or an account's with the scope jobs:work", connection.noKey())
	}
	c, err := connection.client("worker", nil)
	if err != nil {
		return err
	}
	handlers := make(map[string]worker.Handler, len(f.types))
	for _, t := range f.types {
		handlers[t] = do
	}
	w, err := worker.New(c, handlers, worker.Concurrency(f.concurrency), worker.Lease(f.lease), worker.Grace(f.grace), worker.Log(log))
	if err != nil {
		return &usageError{err}
	}
	log.Info("working", "server", connection.server.value, "types", strings.Join(f.types, ","), "concurrency", f.concurrency, "version", Version())
	ctx := cmd.Context()
	stopping := make(chan struct{})
	defer func() { <-stopping }()
	done := make(chan struct{})
	defer close(done)
	go func() {
		defer close(stopping)
		logStop(ctx.Done(), done, log, f.grace)
	}()
	return w.Run(ctx)
}

// logStop says that the worker stops, if it is told to before it is done.
func logStop(told, done <-chan struct{}, log *slog.Logger, grace time.Duration) {
	select {
	case <-told:
		log.Info("stopping; running jobs may finish", "grace", grace)
	case <-done:
	}
}

// lockedWriter makes a writer bear concurrent writes.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
