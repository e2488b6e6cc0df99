package commit

import (
	"slices"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// A store that does not answer, such as a database that is gone in the middle of
// a transaction, must not keep everybody waiting: what waits for its turn is
// refused after a while, and so is what comes. The transaction itself may have
// been made, so that its callers are given more time.
const (
	stallAfter  = 2 * time.Second
	giveUpAfter = 30 * time.Second
)

// watch looks after a transaction until ended is called.
func (c *Committer) watch(l *lane, batch []*request) (ended func()) {
	stall := time.AfterFunc(stallAfter, func() { c.stall(l) })
	late := time.AfterFunc(giveUpAfter, func() { giveUp(batch) })
	return func() {
		late.Stop()
		if !stall.Stop() {
			c.resume(l)
		}
	}
}

// giveUp answers those to whom the fate of a transaction matters less than time.
// Attempts wait for it: an outcome must be recorded, so that whoever was told
// that this is unknown would do it again, and the history had it twice.
func giveUp(batch []*request) {
	for _, r := range batch {
		if !slices.ContainsFunc(r.ops, isRecord) {
			r.answer(unknown())
		}
	}
}

// unknown is Unavailable for a change that may have been made.
func unknown() error {
	e := ringback.Unavailable(errUnknown)
	e.Message = errUnknown.Error()
	return e
}

func isRecord(op store.Op) bool {
	_, is := op.(*store.RecordAttempt)
	return is
}

// stall refuses what waits in the lane.
func (c *Committer) stall(l *lane) {
	c.mu.Lock()
	l.stalled = true
	c.stalled.Add(1)
	waiting := l.waiting
	l.waiting = nil
	for _, r := range waiting {
		c.rows -= r.rows
		c.bytes -= r.bytes
	}
	c.mu.Unlock()
	c.log.Error("the store does not answer; changes are refused until it does", "after", stallAfter, "refused", len(waiting))
	for _, r := range waiting {
		c.metrics.CommitRefused()
		r.answer(ringback.Unavailable(errStalled))
	}
}

// resume lets the lane take changes again. The function of the timer may only
// just be beginning.
func (c *Committer) resume(l *lane) {
	for {
		c.mu.Lock()
		if l.stalled {
			l.stalled = false
			c.stalled.Add(-1)
			c.mu.Unlock()
			c.log.Info("the store answers again")
			return
		}
		c.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
}
