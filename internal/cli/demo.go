package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/demo"
	"github.com/ringback/ringback/internal/terminal"
)

// demoFlags are the flags of `demo`.
type demoFlags struct {
	keep, log bool
	timeout   time.Duration
}

func newDemo() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo [FILE…]",
		Short: "See real jobs become verified webhooks: server, worker and receiver in one process",
		Long: "Run a server with a database in a temporary folder, a worker that inspects files,\n" +
			"and a receiver that verifies webhooks; submit jobs, and print what becomes of\n" +
			"them as it happens. It needs no network. With FILEs, those are inspected instead\n" +
			"of the built-in samples.\n\n" +
			"The exit status is 0 if every webhook was delivered and verified, otherwise 1.",
		RunE: f.run,
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.keep, "keep", false, "leave everything running after the summary, print URLs and keys, keep the data")
	flags.BoolVar(&f.log, "log", false, "show the server's log on stderr, too")
	flags.DurationVar(&f.timeout, "timeout", demo.DefaultTimeout, "`DURATION` that all webhooks may take to arrive")
	return cmd
}

func (f *demoFlags) run(cmd *cobra.Command, files []string) error {
	if f.timeout <= 0 {
		return &usageError{fmt.Errorf("--timeout %s: it must be more than 0", f.timeout)}
	}
	c := demo.Config{
		Out: cmd.OutOrStdout(), Files: files, Keep: f.keep, Timeout: f.timeout,
		Command: program(), Version: Version(),
	}
	if f.log {
		c.Log = cmd.ErrOrStderr()
	}
	c.Width, _ = terminal.Size(c.Out)
	c.Color = terminal.Color(c.Out)
	err := demo.Run(cmd.Context(), c)
	if _, ok := errors.AsType[*demo.InputError](err); ok {
		return &usageError{err}
	}
	switch {
	case errors.Is(err, demo.ErrIncomplete):
		return exitError{1} // what is missing was printed
	case err != nil && cmd.Context().Err() != nil:
		cmd.PrintErrln("ringback: interrupted; everything was stopped")
		return exitError{statusInterrupted}
	case errors.Is(err, syscall.EPIPE):
		return exitError{1} // there is nobody to tell
	}
	return err
}

// program is how this program was called, for hints that can be pasted.
func program() string {
	executable := filepath.ToSlash(os.Args[0])
	if strings.Contains(executable, "/go-build") {
		return "go run ./cmd/ringback"
	}
	if strings.Contains(executable, "/") {
		return os.Args[0]
	}
	return "ringback"
}
