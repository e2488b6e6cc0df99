// Package bench measures this program beside its own ceiling, a relay that has
// its HTTP server and its sender and nothing durable. Load generator, program
// under test and receiver are processes of their own, on loopback; what counts
// is the ratio of two figures of the same minutes on the same machine.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Config says what is measured.
type Config struct {
	Store     string   // "sqlite", or the URL of a PostgreSQL database
	Workloads []string // of Names; none = all
	Runs      int      // of each; the median counts
	Quick     bool     // small numbers and one run
	// Progress is told what is being done, and Warn what makes the figures worth
	// less, from the goroutine that Run was called on.
	Progress func(Progress)
	Warn     func(string)
}

// Progress says what is being done.
type Progress struct {
	Step, Steps int     // which measurement, from 1; 0 = what goes before
	What        string  // "burst, run 2 of 3"
	Part        float64 // of the step, 0 to 1, as far as is known
}

// Names are the workloads, in the order that they run in.
func Names() []string {
	var names []string
	for _, w := range workloads() {
		names = append(names, w.name)
	}
	return names
}

// ErrUnsound is a benchmark in which something was lost, or a signature wrong.
var ErrUnsound = errors.New("something accepted was lost, or a signature was wrong")

// ErrLeft is a benchmark that could not remove what it had made.
var ErrLeft = errors.New("not everything was removed")

// bench is one benchmark under way.
type bench struct {
	Config
	sizes

	executable string
	dir        string // for the databases; removed at the end
	processes  sync.WaitGroup
	progress   Progress
	deep       *deepStore     // with depth
	cleanups   []func() error // what is made outside of dir is removed by these
	postmaster int            // process of the PostgreSQL server, if it is on this machine

	mu      sync.Mutex
	running map[*process]bool
}

// Check refuses a configuration that cannot be meant.
func (c *Config) Check() error {
	for _, name := range c.Workloads {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("there is no workload %q; there are %s", name, strings.Join(Names(), ", "))
		}
	}
	if c.Runs < 1 || c.Runs > 1000 {
		return fmt.Errorf("%d runs; 1 to 1000 are possible", c.Runs)
	}
	return nil
}

// Run measures. A report comes with ErrUnsound, too.
func Run(ctx context.Context, c Config) (_ *Report, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	b := &bench{Config: c, sizes: fullSizes, running: make(map[*process]bool)}
	if c.Quick {
		b.sizes, b.Runs = quickSizes, 1
	}
	if b.executable, err = os.Executable(); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "ringback-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		b.killAll()
		err = errors.Join(err, b.clean())
	}()
	b.warnAboutDisk()
	if err := b.findDatabase(ctx); err != nil {
		return nil, err
	}
	report := &Report{Store: storeName(c.Store), Machine: thisMachine(), Quick: c.Quick}
	if report.results, err = b.measure(ctx); err != nil {
		return nil, err
	}
	for _, r := range report.results {
		report.Workloads = append(report.Workloads, r.summary(report.Store))
	}
	if !report.sound() {
		err = ErrUnsound
	}
	return report, err
}

// clean removes what was made.
func (b *bench) clean() error {
	var all []error
	for _, clean := range b.cleanups {
		all = append(all, clean())
	}
	if err := errors.Join(append(all, os.RemoveAll(b.dir))...); err != nil {
		return fmt.Errorf("%w: %w", ErrLeft, err)
	}
	return nil
}

// measure makes all runs: of each workload the first, then of each the second,
// so that what is compared was measured in the same minutes.
func (b *bench) measure(ctx context.Context) ([]*series, error) {
	var all []*series
	for _, w := range workloads() {
		if len(b.Workloads) == 0 || slices.Contains(b.Workloads, w.name) {
			all = append(all, &series{workload: w})
		}
	}
	order := inOrder(all)
	for _, s := range order {
		if s.name == depth {
			b.tell(Progress{Steps: b.Runs * len(all), What: "filling a store for depth"})
			if err := b.deepen(ctx); err != nil {
				return nil, fmt.Errorf("filling a store for depth: %w", err)
			}
		}
	}
	step := 0
	for i := range b.Runs {
		r := &round{bench: b}
		for _, s := range order {
			step++
			b.tell(Progress{Step: step, Steps: b.Runs * len(all), What: fmt.Sprintf("%s, run %d of %d", s.name, i+1, b.Runs)})
			m, err := s.run(r, ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			s.runs = append(s.runs, m)
		}
	}
	return all, nil
}

// inOrder gives the order of a round: what is compared with burst comes right
// after it.
func inOrder(all []*series) []*series {
	rank := func(s *series) int {
		if s.name == burst || s.against == burst {
			return 0
		}
		return 1
	}
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b *series) int { return rank(a) - rank(b) })
	return order
}

func (b *bench) tell(p Progress) {
	b.progress = p
	if b.Progress != nil {
		b.Progress(p)
	}
}

// done says how much of the present step is done.
func (b *bench) done(part float64) {
	p := b.progress
	p.Part = min(part, 1)
	b.tell(p)
}

func (b *bench) warnf(format string, args ...any) {
	if b.Warn != nil {
		b.Warn(fmt.Sprintf(format, args...))
	}
}

// temp makes a folder for a database.
func (b *bench) temp() (string, error) { return os.MkdirTemp(b.dir, "data-") }

func storeName(store string) string {
	if store == storeSQLite {
		return store
	}
	return "postgres"
}

// Machine is what the figures were measured on.
type Machine struct {
	Cores int    `json:"cores"`
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	Go    string `json:"go"`
}

func thisMachine() Machine {
	return Machine{Cores: runtime.NumCPU(), OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version()}
}

// environment is what the processes get: nothing that configures the program,
// but where the profile of the server goes.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "RINGBACK_") && !strings.HasPrefix(v, "RINGBACK_CPU_PROFILE=") || strings.HasPrefix(v, "OTEL_")
	})
}
