package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/bench"
	"github.com/ringback/ringback/internal/server"
)

// seedFlags are the flags of `bench seed`.
type seedFlags struct {
	data, store, account string
	events               int
}

func newBenchSeed() *cobra.Command {
	var f seedFlags
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Fill a store with delivered events, while no server runs on it",
		Long: "Fill a store with events that were delivered at the first attempt, to see how the\n" +
			"program does with many: the embedded database of a data folder, or with --store a\n" +
			"PostgreSQL database, which needs the servers' RINGBACK_MASTER_KEY. `ringback server`\n" +
			"must have made the store, and must not run. The events are of the type\n" +
			"bench.seeded, at an endpoint that is made for them.",
		Example: "  ringback bench seed --events 1000000 --data ringback-data\n" +
			"  RINGBACK_BENCH_SEED_STORE=postgres://me:secret@db.example/ringback ringback bench seed --events 1000000",
		Args: noArgs,
		RunE: f.run,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "ringback-data", "`DIR` of the embedded database")
	flags.StringVar(&f.store, "store", "sqlite", "`STORE` to fill: sqlite, in --data, or the URL of a PostgreSQL database")
	flags.IntVar(&f.events, "events", 0, "`N` events with one delivery each; needed")
	flags.StringVar(&f.account, "account", "", "`ID` of the account that gets them; the first one that is not the operator's if not given")
	changes(cmd)
	return cmd
}

func (f *seedFlags) run(cmd *cobra.Command, _ []string) error {
	if f.events < 1 {
		return wrongUse("--events %d: it must be at least 1", f.events)
	}
	kind, err := server.StoreKind(f.store)
	if err != nil {
		return &usageError{err}
	}
	p := bench.SeedParams{Dir: f.data, MasterKey: os.Getenv(masterKeyVariable), AccountID: f.account, Events: f.events}
	where := f.data
	if kind != "sqlite" {
		p.URL, where = f.store, kind // its URL may have a password
	}
	began := time.Now()
	progress := startProgress(cmd.ErrOrStderr(), "seed")
	p.Progress = func(done int) { progress.set(fmt.Sprintf("%d of %d events", done, f.events)) }
	err = bench.Seed(cmd.Context(), p)
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
		f.events, where, took.Seconds(), float64(f.events)/took.Seconds())
	return err
}
