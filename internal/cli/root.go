// Package cli is the command line: one file a command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Streams are where a command reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// exitError ends the program with a status, its message having been printed.
type exitError struct{ status int }

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// Main runs the command that args name and gives the exit status: 0, 1 after a
// failure, 2 after wrong use. The first interrupt or SIGTERM ends the command
// in order, the second at once.
func Main(args []string, s Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal has its default effect
	// A reader of stdout or of the log that goes away (`demo | head`) must not
	// end the program in the middle of its work.
	signal.Ignore(syscall.SIGPIPE)

	root := newRoot()
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if exit, ok := errors.AsType[exitError](err); ok {
		return exit.status
	}
	_, _ = fmt.Fprintf(s.Err, "ringback: %v\n", err)
	if _, ok := errors.AsType[*usageError](err); ok {
		return 2
	}
	return 1
}

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ringback",
		Short: "Submit a job, get a signed webhook when it is done",
		Long: "Ringback takes jobs, hands them to workers, and delivers the outcome as signed\n" +
			"webhooks that are never lost. `ringback demo` shows it at work.\n\n" +
			"Every flag can be given as an environment variable: --log-level as RINGBACK_LOG_LEVEL.",
		Version:           Version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: fromEnvironment,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return &usageError{fmt.Errorf("%q is no command; `ringback help` lists them", args[0])}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
	})
	root.SetVersionTemplate("ringback {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newDemo(), newDev(), newServer(), newWorker())
	return root
}

// fromEnvironment gives every flag that was not given its value from
// RINGBACK_…, if that is set.
func fromEnvironment(cmd *cobra.Command, _ []string) error {
	var wrong error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "RINGBACK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || f.Changed || f.Name == "help" || f.Name == "version" || wrong != nil {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			wrong = &usageError{fmt.Errorf("%s=%q: %w", name, value, err)}
		}
	})
	return wrong
}

// noArgs refuses arguments, saying which.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &usageError{fmt.Errorf("`%s` takes no arguments, but got %q", cmd.CommandPath(), args)}
}
