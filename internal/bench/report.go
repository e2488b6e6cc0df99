package bench

import (
	"math"
	"slices"
	"strconv"
)

// Report is the outcome of a benchmark. Figures are the medians of the runs.
type Report struct {
	Store     string     `json:"store"` // sqlite, postgres
	Machine   Machine    `json:"machine"`
	Quick     bool       `json:"quick"`
	Workloads []Workload `json:"workloads"`

	results []*series
}

// Workload is what came of one workload. What a workload has not, or what could
// not be found out on this system, is left out.
type Workload struct {
	Name       string   `json:"name"`
	Value      *float64 `json:"value"` // median of the runs
	Unit       string   `json:"unit"`
	Against    string   `json:"against,omitempty"` // what the ratio is to: relay, burst, alone
	Relay      *float64 `json:"relay,omitempty"`   // the value of Against, median of the runs
	Ratio      *float64 `json:"ratio,omitempty"`   // median of the runs' own ratios
	Min        *float64 `json:"min"`               // of the value
	Max        *float64 `json:"max"`
	Runs       int      `json:"runs"`
	Lost       int      `json:"lost"`       // in all runs
	Duplicates int      `json:"duplicates"` // in all runs
	P50        *float64 `json:"p50_ms,omitempty"`
	P99        *float64 `json:"p99_ms,omitempty"`
	ServerCPU  *float64 `json:"server_cpu_us_per_delivery,omitempty"`
	RelayCPU   *float64 `json:"relay_cpu_us_per_delivery,omitempty"` // of what the ratio is to
	LoadCPU    *float64 `json:"load_cpu_us_per_delivery,omitempty"`
	ReceiveCPU *float64 `json:"receiver_cpu_us_per_delivery,omitempty"`
	// DatabaseCPU is of all processes of PostgreSQL; nil if it is not on this machine.
	DatabaseCPU *float64 `json:"database_cpu_us_per_delivery,omitempty"`
	PeakRSS     *float64 `json:"peak_rss_mib,omitempty"`
	Checked     int      `json:"signatures_checked"`
	Wrong       int      `json:"signatures_wrong"`
	Goal        string   `json:"goal,omitempty"`
	Met         *bool    `json:"met,omitempty"`
	Note        string   `json:"note,omitempty"`
}

// series is a workload with its runs.
type series struct {
	workload

	runs []*measurement
}

// all gives a figure of each run that has it.
func (s *series) all(figure func(*measurement) float64) []float64 {
	var all []float64
	for _, m := range s.runs {
		if v := figure(m); v != 0 && !math.IsNaN(v) && !math.IsInf(v, 0) {
			all = append(all, v)
		}
	}
	return all
}

// of gives the median of a figure, or nil if no run has it.
func (s *series) of(figure func(*measurement) float64) *float64 {
	all := s.all(figure)
	if len(all) == 0 {
		return nil
	}
	v := median(all)
	return &v
}

// summary gives the medians; store says which goal holds.
func (s *series) summary(store string) Workload {
	w := Workload{Name: s.name, Unit: s.unit, Against: s.against, Runs: len(s.runs)}
	var values []float64
	for _, m := range s.runs {
		values = append(values, m.value)
		w.Lost += m.lost
		w.Duplicates += m.Duplicates
		w.Checked += m.Checked
		w.Wrong += m.Wrong
		w.Note = m.note
	}
	value, least, most := median(values), minOf(values), maxOf(values)
	w.Value, w.Min, w.Max = &value, &least, &most
	w.Relay = s.of(func(m *measurement) float64 { return m.against })
	w.Ratio = s.of(func(m *measurement) float64 { return m.value / m.against })
	w.P50 = s.of(func(m *measurement) float64 { return m.P50 })
	w.P99 = s.of(func(m *measurement) float64 { return m.P99 })
	w.ServerCPU = s.of(func(m *measurement) float64 { return m.serverCPU })
	w.RelayCPU = s.of(func(m *measurement) float64 { return m.againstCPU })
	w.LoadCPU = s.of(func(m *measurement) float64 { return m.loadCPU })
	w.ReceiveCPU = s.of(func(m *measurement) float64 { return m.receiveCPU })
	w.DatabaseCPU = s.of(func(m *measurement) float64 { return m.databaseCPU })
	w.PeakRSS = s.of(func(m *measurement) float64 { return m.peak })
	g := s.goal
	if store != storeSQLite && g.postgres > 0 {
		g.atLeast = g.postgres
	}
	if g.limited {
		g.atMost = maxOf(s.all(func(m *measurement) float64 { return m.limit }))
	}
	w.Goal = g.String()
	figure := w.Value
	if g.ratio {
		figure = w.Ratio
	}
	if figure != nil {
		met := g.met(*figure)
		w.Met = &met
	}
	return w
}

// met says whether a figure is what it should be.
func (g goal) met(figure float64) bool {
	return (g.atLeast == 0 || figure >= g.atLeast) && (g.atMost == 0 || figure <= g.atMost)
}

// String says what a figure should be: "ratio ≥ 0.80".
func (g goal) String() string {
	of := ""
	if g.ratio {
		of = "ratio "
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	if g.atLeast > 0 {
		return of + "≥ " + number(g.atLeast)
	}
	return of + "≤ " + number(g.atMost)
}

// KnowsDatabase says whether the CPU of the database is known.
func (r *Report) KnowsDatabase() bool {
	return slices.ContainsFunc(r.Workloads, func(w Workload) bool { return w.DatabaseCPU != nil })
}

// sound says whether nothing was lost and no signature wrong.
func (r *Report) sound() bool {
	for _, w := range r.Workloads {
		if w.Lost > 0 || w.Wrong > 0 {
			return false
		}
	}
	return true
}
