package cli

import (
	"strconv"

	"github.com/ringback/ringback/internal/bench"
	"github.com/ringback/ringback/internal/terminal"
)

// printReport prints the figures as a table, with the goals beside them.
func printReport(out *output, r *bench.Report) error {
	columns := []column{
		{name: "WORKLOAD"}, {name: "VALUE"}, {name: "UNIT"}, {name: "RATIO"}, {name: "TO"}, {name: "GOAL"}, {name: "MET"},
		{name: "LOST"}, {name: "TWICE"}, {name: "MIN", spare: true}, {name: "MAX", spare: true},
		{name: "P50 MS", spare: true}, {name: "P99 MS", spare: true}, {name: "CPU µS", spare: true}, {name: "PEAK MIB", spare: true},
	}
	if r.KnowsDatabase() {
		columns = append(columns, column{name: "DB CPU µS", spare: true})
	}
	t := newTable(out, columns)
	for _, w := range r.Workloads {
		of := w.Against
		if w.Relay != nil {
			of += " " + bench.Figure(w.Relay)
		}
		row := []cell{
			plain(w.Name), plain(bench.Figure(w.Value)), plain(w.Unit), plain(bench.Figure(w.Ratio)), plain(of), plain(w.Goal), met(w.Met),
			none(w.Lost), plain(strconv.Itoa(w.Duplicates)), plain(bench.Figure(w.Min)), plain(bench.Figure(w.Max)),
			plain(bench.Figure(w.P50)), plain(bench.Figure(w.P99)), plain(bench.Figure(w.ServerCPU)), plain(bench.Figure(w.PeakRSS)),
		}
		if r.KnowsDatabase() {
			row = append(row, plain(bench.Figure(w.DatabaseCPU)))
		}
		t.add(row)
	}
	if err := t.flush(); err != nil {
		return err
	}
	for _, note := range r.Notes() {
		if err := out.linef("%s", note); err != nil {
			return err
		}
	}
	return nil
}

// met says whether a goal was met.
func met(is *bool) cell {
	switch {
	case is == nil:
		return plain("")
	case *is:
		return cell{"yes", terminal.Green}
	default:
		return cell{"no", terminal.Yellow}
	}
}

// none is a count that is to be 0.
func none(n int) cell {
	c := plain(strconv.Itoa(n))
	if n > 0 {
		c.style = terminal.Red
	}
	return c
}
