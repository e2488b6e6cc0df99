package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringback/ringback/internal/pause"
)

// rig is the receiver and the load generator of one measurement.
type rig struct {
	bench          *bench
	receiver, load *process
	watching       func() error // called now and then while fill publishes; nil = nothing
	at             listening
}

// newRig starts both.
func (b *bench) newRig(ctx context.Context) (*rig, error) {
	g := &rig{bench: b}
	var err error
	if g.receiver, err = b.startPart(ctx, partReceiver, &g.at); err != nil {
		return nil, err
	}
	g.load, err = b.startPart(ctx, partLoad, nil)
	return g, err
}

func (g *rig) end() error {
	return errors.Join(g.bench.quit(g.load, nil), g.bench.quit(g.receiver, nil))
}

// measurement is what came of one run.
type measurement struct {
	arrivals

	value       float64
	against     float64 // what value is compared with, of the same minutes; 0 = nothing
	lost        int
	retried     int64
	serverCPU   float64 // microseconds of a delivery; 0 = not known
	loadCPU     float64
	receiveCPU  float64
	databaseCPU float64  // of all processes of PostgreSQL
	peak        float64  // MiB of the subject
	memory      []sample // of the subject
	againstCPU  float64  // serverCPU of what value is compared with
	limit       float64  // of the value, if the goal depends on the run
	note        string
}

// sample is a value at a time since the first request, in seconds.
type sample struct{ at, value float64 }

const (
	pollEvery = 50 * time.Millisecond
	// patience is how long nothing may arrive before what is missing is lost. It
	// is longer than the first delay between two attempts.
	patience = 30 * time.Second
)

// drive has the load generator carry out an order, and waits until all that it
// makes has arrived: o.Events at each endpoint.
func (g *rig) drive(ctx context.Context, s *subject, o order, secrets []string) (*measurement, error) {
	o.Addr, o.Key = s.addr, s.keys.APIKey
	expected := o.Events * len(secrets)
	if err := g.receiver.call(ctx, "expect", expectation{Events: o.Events, Secrets: secrets}, nil); err != nil {
		return nil, err
	}
	before, err := g.usages(s)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := g.load.call(ctx, "publish", o, nil); err != nil {
		return nil, err
	}
	m := &measurement{}
	sent, got, err := g.watch(ctx, s, expected, func(u usage) {
		m.memory = append(m.memory, sample{time.Since(begin).Seconds(), mebibytes(u.rss)})
	})
	if err != nil {
		return nil, err
	}
	after, err := g.usages(s)
	if err != nil {
		return nil, err
	}
	if err := g.receiver.call(ctx, "arrivals", nil, &m.arrivals); err != nil {
		return nil, err
	}
	m.lost, m.retried = expected-got.Distinct, sent.Retried
	n := float64(max(got.Distinct, 1))
	each := func(i int) float64 { return float64((after[i].cpu - before[i].cpu).Microseconds()) / n }
	m.serverCPU, m.loadCPU, m.receiveCPU, m.databaseCPU = each(0), each(1), each(2), each(3)
	m.peak = mebibytes(after[0].peak)
	if span := time.Duration(got.Last-sent.First) * time.Microsecond; span > 0 {
		m.value = n / span.Seconds()
	}
	return m, nil
}

// usages gives those of the subject, the load generator, the receiver, and of
// the subject's database the CPU.
func (g *rig) usages(s *subject) (all [4]usage, err error) {
	for i, p := range []*process{s.process, g.load, g.receiver} {
		if all[i], err = usageOf(p.cmd.Process.Pid); err != nil {
			return all, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if !s.relay {
		all[3].cpu = databaseCPU(g.bench.postmaster)
	}
	return all, nil
}

// watch waits until everything has arrived, or nothing does any more.
func (g *rig) watch(ctx context.Context, s *subject, expected int, seen func(usage)) (sent published, got arrived, err error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	moved := time.Now()
	for {
		had, accepted := got.Distinct, sent.Accepted
		if err := g.load.call(ctx, "status", nil, &sent); err != nil {
			return sent, got, err
		}
		if sent.Error != "" {
			return sent, got, fmt.Errorf("publishing: %s%s", sent.Error, s.errs.said())
		}
		if err := g.receiver.call(ctx, "status", nil, &got); err != nil {
			return sent, got, err
		}
		if u, err := usageOf(s.cmd.Process.Pid); err == nil {
			seen(u)
		}
		if sent.Done && got.Distinct >= expected {
			return sent, got, nil
		}
		if got.Distinct > had || sent.Accepted > accepted {
			moved = time.Now()
			g.bench.done(float64(got.Distinct) / float64(expected))
		} else if time.Since(moved) > patience {
			return sent, got, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return sent, got, ctx.Err()
		}
	}
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// fill publishes without waiting for what becomes of it.
func (g *rig) fill(ctx context.Context, s *subject, o order) error {
	o.Addr, o.Key = s.addr, s.keys.APIKey
	if err := g.load.call(ctx, "publish", o, nil); err != nil {
		return err
	}
	for {
		var sent published
		if err := g.load.call(ctx, "status", nil, &sent); err != nil {
			return err
		}
		if sent.Error != "" {
			return fmt.Errorf("publishing: %s%s", sent.Error, s.errs.said())
		}
		if g.watching != nil {
			if err := g.watching(); err != nil {
				return err
			}
		}
		if sent.Done {
			return nil
		}
		g.bench.done(float64(sent.Accepted) / float64(o.Events))
		if err := pause.For(ctx, pollEvery); err != nil {
			return err
		}
	}
}
