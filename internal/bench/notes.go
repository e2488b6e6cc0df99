package bench

import (
	"fmt"
	"strconv"
)

// Figure writes a figure with as many digits as it deserves; "" for none.
func Figure(v *float64) string {
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

// Notes are what is to be known beside the figures, a sentence each.
func (r *Report) Notes() []string {
	runs, checked := 0, 0
	for _, w := range r.Workloads {
		runs = max(runs, w.Runs)
		checked += w.Checked
	}
	m := r.Machine
	notes := []string{
		fmt.Sprintf("%s; %d cores, %s/%s, %s; median of %s; %d signatures verified.", r.Store, m.Cores, m.OS, m.Arch, m.Go, count(runs, "run"), checked),
	}
	switch {
	case r.KnowsDatabase():
		notes = append(notes, "CPU of the database (DB): all processes of its server, whoever uses it. Its memory is not in these figures.")
	case r.Store != storeSQLite:
		notes = append(notes, "The database's own CPU and memory are not in these figures.")
	}
	if r.Quick {
		notes = append(notes, "Quick: "+quickSizes.String()+". Such figures show that it works, not how fast it is.")
	}
	for _, w := range r.Workloads {
		if w.Note != "" {
			notes = append(notes, w.Name+": "+w.Note+".")
		}
	}
	return notes
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// String says what the numbers are.
func (s sizes) String() string {
	return fmt.Sprintf("%d events in a burst, %s of latency, %d jobs, %d endpoints that never answer, %d events in depth, %d in the backlog, %d kills",
		s.burst, s.openLoopTime, s.jobs, s.stuck, s.depth, s.backlog, s.kills)
}
