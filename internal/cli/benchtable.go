package cli

import (
	"strconv"

	"github.com/ringback/ringback/internal/bench"
)

// printReport prints the figures as a table.
func printReport(out *output, r *bench.Report) error {
	t := newTable(out, []column{
		{name: "WORKLOAD"}, {name: "VALUE"}, {name: "UNIT"}, {name: "MIN", spare: true}, {name: "MAX", spare: true}, {name: "RELAY"},
		{name: "RATIO"}, {name: "P50 MS", spare: true}, {name: "P99 MS", spare: true}, {name: "CPU µS"}, {name: "MIB"}, {name: "LOST"}, {name: "TWICE"},
	})
	for _, w := range r.Workloads {
		t.add([]cell{
			plain(w.Name), plain(figure(w.Value)), plain(w.Unit), plain(figure(w.Min)), plain(figure(w.Max)), plain(figure(w.Relay)),
			plain(figure(w.Ratio)), plain(figure(w.P50)), plain(figure(w.P99)), plain(figure(w.ServerCPU)), plain(figure(w.PeakRSS)),
			plain(strconv.Itoa(w.Lost)), plain(strconv.Itoa(w.Duplicates)),
		})
	}
	return t.flush()
}

// figure writes a figure with as many digits as it deserves.
func figure(v *float64) string {
	switch {
	case v == nil:
		return ""
	case *v >= 100:
		return strconv.FormatFloat(*v, 'f', 0, 64)
	case *v >= 10:
		return strconv.FormatFloat(*v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(*v, 'f', 2, 64)
	}
}
