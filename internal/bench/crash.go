package bench

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/bits"
	"time"

	"github.com/ringback/ringback/internal/pause"
)

// inFlight is how many requests the dispatcher has under way to one destination
// at most: a crash can repeat no more than those.
const inFlight = 128

// numbersPerKill is how many numbers are kept for what is published between two
// kills, and while the server starts again.
const numbersPerKill = 50_000

// runCrash kills the server in the middle of a burst, and starts it again, many
// times. The value is how many events were delivered twice.
func (r *round) runCrash(ctx context.Context) (*measurement, error) {
	at, err := r.newPlace(ctx)
	if err != nil {
		return nil, err
	}
	m, err := r.withRig(ctx, func(g *rig) (*measurement, error) { return r.crash(ctx, g, at) })
	if err != nil {
		return nil, err
	}
	return m, at.remove()
}

func (r *round) crash(ctx context.Context, g *rig, at place) (*measurement, error) {
	s, err := r.startServer(ctx, at, loopback)
	if err != nil {
		return nil, err
	}
	e, err := s.subscribe(ctx, endpointURL(g.at.Addr, 0), eventType)
	if err != nil {
		return nil, err
	}
	o := order{
		Addr: s.addr, Key: s.keys.APIKey, Type: eventType, Publishers: r.publishers, Survive: true,
		Events: (r.kills + 1) * (r.killEvents + numbersPerKill),
	}
	if err := g.receiver.call(ctx, "expect", expectation{Events: o.Events, Secrets: []string{e.Secret}}, nil); err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := g.load.call(ctx, "publish", o, nil); err != nil {
		return nil, err
	}
	m := &measurement{limit: float64(r.kills * inFlight)}
	for k := range r.kills {
		if err := g.publishMore(ctx, s, int64(r.killEvents), func(u usage) {
			m.memory = append(m.memory, sample{time.Since(begin).Seconds(), mebibytes(u.rss)})
			m.peak = max(m.peak, mebibytes(u.peak))
		}); err != nil {
			return nil, err
		}
		r.kill(s.process)
		r.done(float64(k+1) / float64(r.kills+1))
		if s, err = r.startServer(ctx, at, s.addr); err != nil {
			return nil, fmt.Errorf("the start after kill %d: %w", k+1, err)
		}
	}
	if err := g.publishMore(ctx, s, int64(r.killEvents), func(usage) {}); err != nil {
		return nil, err
	}
	if m.lost, err = g.missing(ctx); err != nil {
		return nil, err
	}
	if err := g.receiver.call(ctx, "arrivals", nil, &m.arrivals); err != nil {
		return nil, err
	}
	m.value = float64(m.Duplicates)
	m.note = fmt.Sprintf("killed %d times; at most %d were in flight each time", r.kills, inFlight)
	r.kill(s.process)
	return m, nil
}

// publishMore waits until so many more events were accepted.
func (g *rig) publishMore(ctx context.Context, s *subject, more int64, seen func(usage)) error {
	var begin, sent published
	if err := g.load.call(ctx, "status", nil, &begin); err != nil {
		return err
	}
	limit := time.Now().Add(patience)
	for {
		if err := g.load.call(ctx, "status", nil, &sent); err != nil {
			return err
		}
		if u, err := usageOf(s.cmd.Process.Pid); err == nil {
			seen(u)
		}
		switch {
		case sent.Error != "":
			return fmt.Errorf("publishing: %s%s", sent.Error, s.errs.said())
		case sent.Accepted >= begin.Accepted+more:
			return nil
		case sent.Done || time.Now().After(limit):
			return fmt.Errorf("only %d events were accepted in %s", sent.Accepted-begin.Accepted, patience)
		}
		if err := pause.For(ctx, pollEvery/5); err != nil {
			return err
		}
	}
}

// missing ends publishing, waits until what was accepted has arrived, and gives
// how many of that did not.
func (g *rig) missing(ctx context.Context) (int, error) {
	if err := g.load.call(ctx, "stop", nil, nil); err != nil {
		return 0, err
	}
	accepted, err := bitmap(ctx, g.load, "accepted")
	if err != nil {
		return 0, err
	}
	left, moved := -1, time.Now()
	for {
		seen, err := bitmap(ctx, g.receiver, "seen")
		if err != nil {
			return 0, err
		}
		now := 0
		for i, b := range accepted {
			now += bits.OnesCount8(b &^ seen[i])
		}
		if now != left {
			left, moved = now, time.Now()
		}
		if left == 0 || time.Since(moved) > patience {
			return left, nil
		}
		if err := pause.For(ctx, 4*pollEvery); err != nil {
			return 0, err
		}
	}
}

// bitmap asks a part for a bit for each number.
func bitmap(ctx context.Context, p *process, what string) ([]byte, error) {
	var text string
	if err := p.call(ctx, what, nil, &text); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(text)
}
