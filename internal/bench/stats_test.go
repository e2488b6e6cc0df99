package bench

import (
	"math"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values             []float64
		median, least, top float64
	}{
		{[]float64{3}, 3, 3, 3},
		{[]float64{9, 1, 4}, 4, 1, 9},
		{[]float64{4, 1, 2, 9}, 3, 1, 9},
	} {
		if m, l, h := median(c.values), minOf(c.values), maxOf(c.values); m != c.median || l != c.least || h != c.top {
			t.Errorf("%v: median %v, from %v to %v", c.values, m, l, h)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("there is a median of nothing")
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]int32, 100)
	for i := range hundred {
		hundred[i] = int32(i + 1)
	}
	for p, want := range map[float64]float64{0.5: 50, 0.99: 99, 0.999: 100, 1: 100, 0: 1} {
		if got := percentile(hundred, p); got != want {
			t.Errorf("percentile %v is %v; want %v", p, got, want)
		}
	}
	if got := percentile([]int32{7}, 0.99); got != 7 {
		t.Errorf("of one: %v", got)
	}
	if got := percentile([]int32(nil), 0.99); got != 0 {
		t.Errorf("of none: %v", got)
	}
}

func TestBuckets(t *testing.T) {
	for ms, want := range map[float64]string{
		0: "to 0.25 ms", 0.25: "to 0.25 ms", 0.26: "0.25 to 0.5 ms", 8: "4 to 8 ms", 8192: "4096 to 8192 ms", 1e9: "over 8192 ms",
	} {
		if got := bucketName(bucketOf(ms)); got != want {
			t.Errorf("%v ms is in %q; want %q", ms, got, want)
		}
	}
}

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{19683.4: "19683", 47.26: "47.3", 0.804: "0.80"} {
		if got := Figure(&v); got != want {
			t.Errorf("%v is written %q; want %q", v, got, want)
		}
	}
	if got := Figure(nil); got != "" {
		t.Errorf("nothing is written %q", got)
	}
}

func TestSummary(t *testing.T) {
	run := func(value, against float64, lost int) *measurement {
		m := &measurement{value: value, against: against, lost: lost}
		m.Duplicates = 1
		return m
	}
	s := &series{
		workload: workload{name: "burst", unit: perSecond, against: "relay", goal: goal{ratio: true, atLeast: 0.8, postgres: 0.5}},
		runs:     []*measurement{run(60, 100, 0), run(90, 100, 2), run(14, 20, 0)},
	}
	w := s.summary(storeSQLite)
	if *w.Value != 60 || *w.Min != 14 || *w.Max != 90 || *w.Relay != 100 || *w.Ratio != 0.7 {
		t.Errorf("value %v from %v to %v, relay %v, ratio %v", *w.Value, *w.Min, *w.Max, *w.Relay, *w.Ratio)
	}
	if w.Runs != 3 || w.Lost != 2 || w.Duplicates != 3 || w.P99 != nil || w.ServerCPU != nil {
		t.Errorf("%+v", w)
	}
	if w.Goal != "ratio ≥ 0.8" || *w.Met {
		t.Errorf("%s: met %t", w.Goal, *w.Met)
	}
	if w := s.summary("postgres"); w.Goal != "ratio ≥ 0.5" || !*w.Met {
		t.Errorf("PostgreSQL: %s: met %t", w.Goal, *w.Met)
	}
	if r := (&Report{Workloads: []Workload{w}}); r.sound() {
		t.Error("a report with a loss is sound")
	}
	s.goal, s.runs[0].limit = goal{limited: true}, 60
	if w := s.summary(storeSQLite); w.Goal != "≤ 60" || !*w.Met {
		t.Errorf("%s: met %t", w.Goal, *w.Met)
	}
}

// What is compared with burst is measured right after it.
func TestOrderOfARound(t *testing.T) {
	var all []*series
	for _, w := range workloads() {
		all = append(all, &series{workload: w})
	}
	var names []string
	for _, s := range inOrder(all) {
		names = append(names, s.name)
	}
	if got := strings.Join(names, " "); got != "burst fanout jobs depth latency isolation backlog crash" {
		t.Error(got)
	}
}
