package dispatch

import (
	"math"
	"time"
)

// pace keeps the attempts of a destination with a rate limit apart: each starts
// at least an interval after the one before it. Nothing is saved up, so any
// second has at most the limit, and a change of the limit holds from the last
// attempt on. Two numbers are exact for that; a token bucket's fraction of a
// token would have to be converted at every change.
type pace struct {
	interval time.Duration // between two starts; 0 = no limit
	last     time.Time     // when the last attempt started
	// known: interval is what the target says. changes counts how often that
	// was no longer so.
	known   bool
	changes int
	asking  int // items that were taken and whose target is being looked up
}

// paced says whether attempts are kept apart.
func (p *pace) paced() bool { return p.interval > 0 }

// perSecond is how many attempts may start in a second, rounded down.
func (p *pace) perSecond() int { return int(time.Second / p.interval) }

// next is when the next attempt may start.
func (p *pace) next() time.Time {
	if !p.paced() {
		return time.Time{}
	}
	return p.last.Add(p.interval)
}

// oneByOne says whether an item must not be taken because it would only be put
// back: another one is about to start, or to learn the limit.
func (p *pace) oneByOne() bool { return p.asking > 0 && (p.paced() || !p.known) }

// learn takes the limit from a target, and says whether it is another one than
// before. Where an earlier process may have sent something, its last attempt is
// taken to have started when this process did.
func (p *pace) learn(t *Target, started time.Time) bool {
	before := p.interval
	p.known, p.interval = true, 0
	if t.RateLimit > 0 && t.Gone == "" {
		p.interval = time.Duration(math.Ceil(float64(time.Second) / t.RateLimit))
	}
	if p.last.IsZero() && t.CreatedAt.Before(started) {
		p.last = started
	}
	return p.interval != before
}

// TargetChanged says that the named queue's target is another one from now on:
// it is looked up before anything more is sent, however long the queue was to
// wait for its turn.
func (d *Dispatcher) TargetChanged(queueName string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q := d.queues[queueName]; q != nil {
		d.targetChanged(q)
	}
}

// targetChanged has the queue's target looked up again. d.mu is held.
func (d *Dispatcher) targetChanged(q *queue) {
	q.known = false
	q.changes++
	q.stopTimer()
	d.pump(q)
}
