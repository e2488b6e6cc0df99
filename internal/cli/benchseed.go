package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/bench"
)

// seedFlags are the flags of `bench seed`.
type seedFlags struct {
	data, account string
	events        int
}

func newBenchSeed() *cobra.Command {
	var f seedFlags
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Fill an embedded database with delivered events, while no server runs on it",
		Long: "Fill the embedded database of a data folder with events that were delivered at the\n" +
			"first attempt, to see how the program does with many. `ringback server` or\n" +
			"`ringback dev` must have made the folder, and must not run. The events are of the\n" +
			"type bench.seeded, at an endpoint that is made for them.",
		Example: "  ringback bench seed --events 1000000 --data ringback-data",
		Args:    noArgs,
		RunE:    f.run,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "ringback-data", "`DIR` of the embedded database")
	flags.IntVar(&f.events, "events", 0, "`N` events with one delivery each; needed")
	flags.StringVar(&f.account, "account", "", "`ID` of the account that gets them; the first one that is not the operator's if not given")
	changes(cmd)
	return cmd
}

func (f *seedFlags) run(cmd *cobra.Command, _ []string) error {
	if f.events < 1 {
		return wrongUse("--events %d: it must be at least 1", f.events)
	}
	began := time.Now()
	progress := startProgress(cmd.ErrOrStderr(), "seed")
	err := bench.Seed(cmd.Context(), bench.SeedParams{
		Dir: f.data, MasterKey: os.Getenv(masterKeyVariable), AccountID: f.account, Events: f.events,
		Progress: func(done int) { progress.set(fmt.Sprintf("%d of %d events", done, f.events)) },
	})
	progress.stop()
	if err != nil && cmd.Context().Err() != nil {
		cmd.PrintErrln("ringback: interrupted; what was added so far stays")
		return exitError{statusInterrupted}
	}
	if err != nil {
		return err
	}
	took := time.Since(began)
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d delivered events were added to %s in %.1f s (%.0f a second).\n",
		f.events, f.data, took.Seconds(), float64(f.events)/took.Seconds())
	return err
}
