package bench

import "math"

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
	LoadCPU    *float64 `json:"load_cpu_us_per_delivery,omitempty"`
	ReceiveCPU *float64 `json:"receiver_cpu_us_per_delivery,omitempty"`
	PeakRSS    *float64 `json:"peak_rss_mib,omitempty"`
	Checked    int      `json:"signatures_checked"`
	Wrong      int      `json:"signatures_wrong"`
	Goal       string   `json:"goal,omitempty"`
	Met        *bool    `json:"met,omitempty"`
	Note       string   `json:"note,omitempty"`
}

// series is a workload with its runs.
type series struct {
	workload

	runs []*measurement
}

// of gives the median of a figure, or nil if no run has it.
func (s *series) of(figure func(*measurement) float64) *float64 {
	var all []float64
	for _, m := range s.runs {
		if v := figure(m); v != 0 && !math.IsNaN(v) && !math.IsInf(v, 0) {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return nil
	}
	v := median(all)
	return &v
}

func (s *series) summary() Workload {
	w := Workload{Name: s.name, Unit: s.unit, Against: s.workload.against, Runs: len(s.runs)}
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
	w.LoadCPU = s.of(func(m *measurement) float64 { return m.loadCPU })
	w.ReceiveCPU = s.of(func(m *measurement) float64 { return m.receiveCPU })
	w.PeakRSS = s.of(func(m *measurement) float64 { return m.peak })
	return w
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
