package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/worker"
)

// killAfter is how long a program has to end after SIGTERM, and its children
// have to end after it.
const killAfter = 5 * time.Second

func newWorkerExec() *cobra.Command {
	var f workerFlags
	cmd := &cobra.Command{
		Use:   "exec --type TYPE -- CMD [ARG…]",
		Short: "Run a program for each job: input on stdin, result on stdout",
		Long: "Run a program for each job. It gets the job's input as JSON on stdin, and gives the\n" +
			"result as JSON on stdout (at most 1 MiB; nothing is null). An exit status other than 0\n" +
			"fails the job with the end of its stderr (4 KiB) as the error, which customers see.\n" +
			"What it writes to stderr is passed on, each line with the job's id.\n\n" +
			"When the job's time is up, or it is canceled, the program and all its children get\n" +
			"SIGTERM, and SIGKILL after 5 s.\n\n" +
			"Its environment has RINGBACK_JOB_ID, RINGBACK_JOB_TYPE, RINGBACK_ACCOUNT_ID and\n" +
			"RINGBACK_ATTEMPT, and TRACEPARENT if the job has a trace, but not the keys in\n" +
			"RINGBACK_KEY, RINGBACK_OPERATOR_KEY and RINGBACK_MASTER_KEY.",
		Example: "  ringback worker exec --type translate -- ./translate.py",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && len(f.types) == 0 {
				return wrongUse("--type is missing: say which jobs to do, before the program, whose flags are its own")
			}
			if err := f.check(); err != nil {
				return err
			}
			if len(args) == 0 {
				return &usageError{errors.New("the program is missing: give it after --, as in: ringback worker exec --type TYPE -- CMD")}
			}
			if _, err := exec.LookPath(args[0]); err != nil {
				return &usageError{fmt.Errorf("the program cannot be run: %w", err)}
			}
			p := &executable{command: args, stderr: &lockedWriter{w: cmd.ErrOrStderr()}}
			return f.run(cmd, p.stderr, p.do)
		},
	}
	f.register(cmd)
	cmd.Flags().SetInterspersed(false) // CMD's flags are its own
	return cmd
}

// executable is a program that does jobs.
type executable struct {
	command []string
	stderr  *lockedWriter // of the worker
}

// do runs the program for a job.
func (p *executable) do(ctx context.Context, job worker.Job) (any, error) {
	stdout := &bounded{limit: maxResult}
	stderr := &jobLog{prefix: job.ID + ": ", to: p.stderr}
	// Its end is brought about by watch, for all of its process group.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), p.command[0], p.command[1:]...) //nolint:gosec // the operator chose the program
	cmd.Env = environment(job)
	cmd.Stdin = bytes.NewReader(job.Input)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = killAfter // children that outlive it keep stdout and stderr open
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, worker.Retry(fmt.Errorf("the program cannot be run: %w", err))
	}
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { watch(ctx, cmd.Process, ended) })
	err := cmd.Wait()
	close(ended)
	watching.Wait()
	stderr.flush()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return nil, failure(err, stderr.tail())
	case stdout.over:
		return nil, fmt.Errorf("the program's stdout is larger than %d bytes; that is the limit of a result", maxResult)
	}
	return resultOf("the program's stdout", stdout.buf.Bytes())
}

// watch ends the process group of a program: when ctx does, with SIGTERM first;
// when the program has ended, what it left running.
func watch(ctx context.Context, p *os.Process, ended <-chan struct{}) {
	select {
	case <-ended:
	case <-ctx.Done():
		signalGroup(p, syscall.SIGTERM)
		timer := time.NewTimer(killAfter)
		defer timer.Stop()
		select {
		case <-ended:
		case <-timer.C:
		}
	}
	signalGroup(p, syscall.SIGKILL)
}

// environment is the worker's own, with the job, and without keys or another
// trace.
func environment(job worker.Job) []string {
	env := slices.DeleteFunc(os.Environ(), func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		return slices.Contains([]string{"RINGBACK_KEY", "RINGBACK_OPERATOR_KEY", "RINGBACK_MASTER_KEY", "TRACEPARENT", "TRACESTATE"}, name)
	})
	if job.TraceParent != "" {
		env = append(env, "TRACEPARENT="+job.TraceParent)
	}
	return append(env,
		"RINGBACK_JOB_ID="+job.ID, "RINGBACK_JOB_TYPE="+job.Type,
		"RINGBACK_ACCOUNT_ID="+job.AccountID, "RINGBACK_ATTEMPT="+strconv.Itoa(job.Attempt))
}

// failure is the error of a program that failed: what it wrote, or how it ended.
func failure(err error, stderr string) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok {
		return fmt.Errorf("the program failed: %w", err)
	} else if stderr == "" {
		return fmt.Errorf("the program ended with %q and wrote nothing to stderr", exit.String())
	}
	return errors.New(stderr)
}

// resultOf reads a result; nothing is null.
func resultOf(what string, text []byte) (any, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil, nil
	}
	var result json.RawMessage
	if err := json.Unmarshal(text, &result); err != nil {
		return nil, fmt.Errorf("%s is not JSON: %w; it must be the result as one JSON value, or nothing", what, err)
	}
	return result, nil
}

// bounded keeps what is written up to a limit, and notes what is over.
type bounded struct {
	buf   bytes.Buffer
	limit int
	over  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.limit - b.buf.Len()
	b.over = b.over || len(p) > room
	_, _ = b.buf.Write(p[:min(len(p), room)])
	return len(p), nil
}

var _ io.Writer = (*bounded)(nil)
