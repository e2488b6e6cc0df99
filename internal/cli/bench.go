package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/bench"
)

// benchFlags are the flags of `bench`.
type benchFlags struct {
	workloads   []string
	store, html string
	runs        int
	quick, json bool
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this program beside its own ceiling, on this machine",
		Long: "Measure this program. Load generator, server and receiver run as processes of\n" +
			"their own on loopback, in turn with a relay: the same HTTP server and sender with\n" +
			"nothing durable, the ceiling of any such program on this machine. All of it is\n" +
			"removed at the end. docs/bench.md says what each figure means.\n\n" +
			"Workloads: " + strings.Join(bench.Names(), ", ") + ".\n\n" +
			"The exit status is 1 if something accepted was lost or a signature was wrong. A\n" +
			"goal that is missed is told in the table alone.",
		Example: "  ringback bench --quick\n  ringback bench --workload burst --workload latency --html bench.html",
		Args:    noArgs,
		RunE:    f.run,
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.workloads, "workload", nil, "`NAME` of a workload, repeatable; all if not given")
	flags.StringVar(&f.store, "store", "sqlite", "`STORE` to measure: sqlite, or the postgres:// URL of a database that gets a schema for it")
	flags.IntVar(&f.runs, "runs", 3, "`N` runs of each workload; the median counts")
	flags.BoolVar(&f.quick, "quick", false, "small numbers and one run: a smoke test of a few seconds a workload")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON")
	flags.StringVar(&f.html, "html", "", "write a page with charts to `FILE`, too")
	changes(cmd)
	_ = cmd.RegisterFlagCompletionFunc("workload", cobra.FixedCompletions(bench.Names(), cobra.ShellCompDirectiveNoFileComp))
	cmd.AddCommand(newBenchSeed(), newBenchPart())
	return cmd
}

// newBenchPart is what `bench` starts as processes of its own.
func newBenchPart() *cobra.Command {
	return &cobra.Command{
		Use:    "part ROLE",
		Short:  "Run a part of a benchmark that tells it what to do on standard input",
		Hidden: true,
		Args:   oneArg("role"),
		RunE: func(cmd *cobra.Command, args []string) error {
			// It ends when its standard input does: the benchmark decides.
			return bench.Part(context.WithoutCancel(cmd.Context()), args[0], cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

func (f *benchFlags) check() (bench.Config, error) {
	c := bench.Config{Store: f.store, Workloads: f.workloads, Runs: f.runs, Quick: f.quick}
	if f.runs < 1 {
		return c, wrongUse("--runs %d: it must be at least 1", f.runs)
	}
	if err := c.Check(); err != nil {
		return c, &usageError{err}
	}
	if u, err := url.Parse(f.store); f.store != "sqlite" && (err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "") {
		return c, wrongUse("--store: it is sqlite, or postgres://USER:PASSWORD@HOST/DATABASE")
	}
	return c, nil
}

func (f *benchFlags) run(cmd *cobra.Command, _ []string) (err error) {
	c, err := f.check()
	if err != nil {
		return err
	}
	var page *os.File
	if f.html != "" { // before the work that would be for nothing
		if page, err = os.Create(f.html); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, page.Close()) }()
	}
	out := outputOf(cmd, f.json)
	c.Warn = func(text string) { out.notef("warning: %s", text) }
	progress := startProgress(out.err, "bench")
	c.Progress = benchProgress(out, progress)
	report, err := bench.Run(cmd.Context(), c)
	progress.stop()
	if err != nil && cmd.Context().Err() != nil {
		end := "everything was stopped and removed"
		if errors.Is(err, bench.ErrLeft) {
			end = err.Error()
		}
		cmd.PrintErrln("ringback: interrupted;", end)
		return exitError{statusInterrupted}
	}
	if report == nil {
		return err
	}
	if page != nil {
		err = errors.Join(err, report.HTML(page))
	}
	return errors.Join(err, f.print(out, report))
}

// print prints the report.
func (f *benchFlags) print(out *output, r *bench.Report) error {
	if !f.json {
		return printReport(out, r)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return out.printJSON(raw)
}

// benchProgress shows what is being done: on a terminal in one line, elsewhere
// in a line for each step.
func benchProgress(out *output, line *progress) func(bench.Progress) {
	last := -1
	return func(p bench.Progress) {
		text := fmt.Sprintf("%d/%d  %s", p.Step, p.Steps, p.What)
		switch {
		case line.shown() && p.Part > 0:
			line.set(fmt.Sprintf("%s  %.0f %%", text, 100*p.Part))
		case line.shown():
			line.set(text)
		case p.Step != last:
			out.notef("bench  %s", text)
		}
		last = p.Step
	}
}
