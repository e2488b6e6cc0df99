package cli

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/bench"
)

// benchFlags are the flags of `bench`.
type benchFlags struct {
	workloads []string
	store     string
	runs      int
	quick     bool
	json      bool
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this program beside its own ceiling",
		Args:  noArgs,
		RunE:  f.run,
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.workloads, "workload", nil, "`NAME` of a workload, repeatable; all if not given")
	flags.StringVar(&f.store, "store", "sqlite", "`STORE` to measure: sqlite, or postgres://…")
	flags.IntVar(&f.runs, "runs", 3, "`N` runs of each; the median counts")
	flags.BoolVar(&f.quick, "quick", false, "small numbers, one run: a smoke test")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	cmd.AddCommand(newBenchPart())
	return cmd
}

func newBenchPart() *cobra.Command {
	return &cobra.Command{
		Use:    "part ROLE",
		Hidden: true,
		Args:   oneArg("role"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return bench.Part(context.WithoutCancel(cmd.Context()), args[0], cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

func (f *benchFlags) run(cmd *cobra.Command, _ []string) error {
	c := bench.Config{Store: f.store, Workloads: f.workloads, Runs: f.runs, Quick: f.quick}
	if err := c.Check(); err != nil {
		return &usageError{err}
	}
	report, err := bench.Run(cmd.Context(), c)
	if report == nil {
		return err
	}
	out := outputOf(cmd, f.json)
	if f.json {
		raw, failed := json.Marshal(report)
		if failed != nil {
			return failed
		}
		if failed := out.printJSON(raw); failed != nil {
			return failed
		}
		return err
	}
	if failed := printReport(out, report); failed != nil {
		return failed
	}
	return err
}
