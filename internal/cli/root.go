// Package cli is the command line: one file a command or group of commands.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/terminal"
)

// Streams are where a command reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Main runs the command that args name and gives the exit status: 0, 1 after a
// failure, 2 after wrong use, 3 if the time to wait was over, 130 if it was
// interrupted. The first interrupt or SIGTERM ends the command in order, the
// second at once.
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
	status, tell := statusOf(err)
	if tell {
		_, _ = fmt.Fprintf(s.Err, "ringback: %s\n", terminal.Lines(err.Error()))
	}
	return status
}

// Groups of commands in the help.
const (
	groupRun  = "run"
	groupAPI  = "api"
	groupHook = "webhooks"
	groupSelf = "self"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ringback",
		Short: "Submit a job, get a signed webhook when it is done",
		Long: "Ringback takes jobs, hands them to workers, and delivers the outcome as signed\n" +
			"webhooks that are never lost. `ringback demo` shows it at work.\n\n" +
			"Every flag can be given as an environment variable: --log-level as RINGBACK_LOG_LEVEL.\n" +
			"What a command changes or sends is taken from variables with the command in their\n" +
			"name alone: `jobs submit --type` as RINGBACK_JOBS_SUBMIT_TYPE.\n\n" +
			"The exit status is 0, 1 after a failure, 2 after wrong use, 3 if the time to wait\n" +
			"was over, 130 if it was interrupted.",
		Version:           Version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: fromEnvironment,
		Args:              noSuchCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(wrongFlag)
	root.SetVersionTemplate("ringback {{.Version}}\n")
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run:"},
		&cobra.Group{ID: groupAPI, Title: "Use a server:"},
		&cobra.Group{ID: groupHook, Title: "Webhooks by hand:"},
		&cobra.Group{ID: groupSelf, Title: "This program:"},
	)
	add(root, groupRun, newDemo(), newDev(), newServer(), newWorker(), newBackup(), newRestore(), newMigrate())
	add(root, groupAPI, newJobs(), newEvents(), newEndpoints(), newDeliveries(), newProfiles(), newAccounts(), newKeys())
	add(root, groupHook, newVerify(), newSign())
	add(root, groupSelf, newConfig(), newVersion(), newCompletion())
	root.SetHelpCommandGroupID(groupSelf)
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Args, c.RunE = cobra.ArbitraryArgs, help
		}
	}
	return root
}

// help shows the help of a command; one that is not there is refused as it is
// without help.
func help(cmd *cobra.Command, args []string) error {
	of, rest, err := cmd.Root().Find(args)
	if err != nil {
		return err
	}
	if err := noSuchCommand(of, rest); err != nil {
		return err
	}
	of.InitDefaultHelpFlag()
	of.InitDefaultVersionFlag()
	return of.Help()
}

func add(root *cobra.Command, id string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = id
	}
	root.AddCommand(commands...)
}
