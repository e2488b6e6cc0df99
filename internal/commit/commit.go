// Package commit is the group commit: changes that arrive while a transaction
// is being committed wait and go into the next one together, so that many
// callers share one fsync.
//
// A store that takes several commits at once has lanes: an account belongs to
// one of them, and what is of no account, or of all, has one of its own.
package commit

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// Limits of one transaction: more waits for the next one. A single request
// that is larger is committed alone.
const (
	maxBatchRows  = 2000
	maxBatchBytes = 8 << 20
)

// yields is how often the committer lets others run before it takes a batch.
const yields = 3

// Limits of what waits: a caller past them is told so at once rather than given
// a place in an endless queue.
const (
	maxWaitingRows  = 50_000
	maxWaitingBytes = 64 << 20
)

// Store is what the committer needs of a store.
type Store interface {
	Commit(ctx context.Context, ops []store.Op) error
	Lanes() int
}

// Committer merges concurrent changes into transactions. Run must be running
// for Do to return.
type Committer struct {
	store   Store
	log     *slog.Logger
	metrics *metrics.Metrics

	mu      sync.Mutex
	lanes   []*lane
	rows    int // of what waits
	bytes   int
	stopped bool

	failing atomic.Bool
	stalled atomic.Int32 // lanes
}

// lane is what commits one after the other.
type lane struct {
	waiting []*request // guarded by the committer's mu
	stalled bool       // so is this: the store does not answer
	wake    chan struct{}
}

// request is a group of operations of one caller; they share a transaction.
type request struct {
	ops         []store.Op
	rows, bytes int
	done        func(error)
	answered    atomic.Bool
}

// answer calls done, once.
func (r *request) answer(err error) {
	if !r.answered.Swap(true) {
		r.done(err)
	}
}

// New makes a committer; Run runs it.
func New(s Store, log *slog.Logger, m *metrics.Metrics) *Committer {
	c := &Committer{store: s, log: log, metrics: m}
	n := s.Lanes()
	if n > 1 {
		n++ // the last one is of no account
	}
	for range n {
		c.lanes = append(c.lanes, &lane{wake: make(chan struct{}, 1)})
	}
	return c
}

// laneOf gives the lane of an operation.
func (c *Committer) laneOf(op store.Op) *lane {
	last := len(c.lanes) - 1
	if last == 0 {
		return c.lanes[0]
	}
	if account := store.AccountOf(op); account != "" {
		return c.lanes[store.BucketOf(account)%last]
	}
	return c.lanes[last]
}

// Failing says whether the last transaction could not be committed, or the one
// under way takes too long.
func (c *Committer) Failing() bool { return c.failing.Load() || c.stalled.Load() > 0 }

// Waiting says about how many rows wait to be written.
func (c *Committer) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows
}

// Do commits the operations, those of a lane in one transaction, and returns when
// they are durable. The error is a *ringback.Error: CodeUnavailable if the store did
// not take them (nothing happened) or does not answer (the message says that their
// fate is not known), CodeInternal if one of them can never be applied. What became
// of each is in its own fields. Do does not give up when a caller does: an answer that nobody waits for must not leave it unknown
// whether the change was made.
func (c *Committer) Do(ops ...store.Op) error {
	answer := make(chan error, 1)
	c.Go(func(err error) { answer <- err }, ops...)
	return <-answer
}

// Go is Do without waiting: done is called once, from the goroutine of the lane
// (it must not block), before any later transaction of that lane begins. Of
// operations of several lanes that is the lane that is done last, and the error
// that of any.
func (c *Committer) Go(done func(error), ops ...store.Op) {
	if len(ops) == 0 {
		done(nil)
		return
	}
	first := c.laneOf(ops[0])
	for _, op := range ops[1:] {
		if c.laneOf(op) != first {
			c.goApart(done, ops)
			return
		}
	}
	c.goIn(first, done, ops)
}

// goApart commits operations of several lanes.
func (c *Committer) goApart(done func(error), ops []store.Op) {
	parts := make(map[*lane][]store.Op)
	for _, op := range ops {
		l := c.laneOf(op)
		parts[l] = append(parts[l], op)
	}
	var mu sync.Mutex
	var failed error
	left := len(parts)
	for l, part := range parts {
		c.goIn(l, func(err error) {
			mu.Lock()
			failed = cmp.Or(failed, err)
			left--
			last, err := left == 0, failed
			mu.Unlock()
			if last {
				done(err)
			}
		}, part)
	}
}

func (c *Committer) goIn(l *lane, done func(error), ops []store.Op) {
	r := &request{ops: ops, done: done}
	for _, op := range ops {
		rows, bytes := store.Cost(op)
		r.rows += rows
		r.bytes += bytes
	}
	if err := c.enqueue(l, r); err != nil {
		done(ringback.Unavailable(err))
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

var (
	errStopping = errors.New("the server is stopping")
	errTooMany  = errors.New("too many changes are waiting to be committed")
	errStalled  = errors.New("the store does not answer")
	errUnknown  = errors.New("the store does not answer: whether the change was made will show; with the same Idempotency-Key it can be asked for again")
)

func (c *Committer) enqueue(l *lane, r *request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopped:
		return errStopping
	case l.stalled:
		c.metrics.CommitRefused()
		return errStalled
	case c.rows > 0 && (c.rows+r.rows > maxWaitingRows || c.bytes+r.bytes > maxWaitingBytes):
		c.metrics.CommitRefused()
		return errTooMany
	}
	l.waiting = append(l.waiting, r)
	c.rows += r.rows
	c.bytes += r.bytes
	return nil
}

// Run commits until ctx is done and nothing is waiting any more; what comes
// later is refused. It must outlive everything that calls Do.
func (c *Committer) Run(ctx context.Context) error {
	var lanes sync.WaitGroup
	for _, l := range c.lanes {
		lanes.Go(func() { c.runLane(ctx, l) })
	}
	lanes.Wait()
	return nil
}

func (c *Committer) runLane(ctx context.Context, l *lane) {
	for {
		// Whoever is ready to run has his say first: with more in each
		// transaction there are fewer. On an idle machine this takes no time.
		for range yields {
			runtime.Gosched()
		}
		batch := c.take(l)
		if len(batch) > 0 {
			c.commit(context.WithoutCancel(ctx), l, batch)
			continue
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
			if c.stop(l) {
				return
			}
		}
	}
}

// stop says whether the lane may end: nothing waits in it, and nothing comes any
// more.
func (c *Committer) stop(l *lane) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(l.waiting) > 0 {
		return false
	}
	c.stopped = true
	return true
}

// take removes the next batch from the queue.
func (c *Committer) take(l *lane) []*request {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, rows, bytes := 0, 0, 0
	for _, r := range l.waiting {
		if n > 0 && (rows+r.rows > maxBatchRows || bytes+r.bytes > maxBatchBytes) {
			break
		}
		rows += r.rows
		bytes += r.bytes
		n++
	}
	c.rows -= rows
	c.bytes -= bytes
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	if len(l.waiting) == 0 {
		l.waiting = nil // let go of the array
	}
	return batch
}

// commit commits a batch and answers everyone in it. An operation that cannot
// be applied is taken out, with its request alone, and the rest tried again.
func (c *Committer) commit(ctx context.Context, l *lane, batch []*request) {
	for len(batch) > 0 {
		ops := make([]store.Op, 0, len(batch))
		owner := make([]int, 0, len(batch)) // ops[i] belongs to batch[owner[i]]
		for i, r := range batch {
			ops = append(ops, r.ops...)
			for range r.ops {
				owner = append(owner, i)
			}
		}
		patience := c.watch(l, batch)
		err := c.timed(ctx, ops)
		patience()
		bad, isOp := errors.AsType[*store.OpError](err)
		if err == nil || !isOp || bad.Index < 0 || bad.Index >= len(owner) {
			if err != nil {
				c.metrics.CommitFailed()
			}
			c.Note(err)
			answer(batch, err)
			return
		}
		i := owner[bad.Index]
		c.log.Error("a change could not be applied", "error", bad)
		batch[i].answer(&ringback.Error{Code: ringback.CodeInternal, Message: "the change could not be applied", Err: bad})
		rest := make([]*request, 0, len(batch)-1)
		rest = append(rest, batch[:i]...)
		batch = append(rest, batch[i+1:]...)
	}
}

// timed commits operations, and measures that if they were applied.
func (c *Committer) timed(ctx context.Context, ops []store.Op) error {
	start := time.Now()
	err := c.store.Commit(ctx, ops)
	if err == nil {
		c.metrics.Committed(ops, time.Since(start))
	}
	return err
}

func answer(batch []*request, err error) {
	if err != nil {
		err = ringback.Unavailable(err)
	}
	for _, r := range batch {
		r.answer(err)
	}
}

// Note keeps whether the store takes changes, and logs when that turns. It may
// be told of a write that did not go through the committer.
func (c *Committer) Note(err error) {
	switch {
	case err != nil && !c.failing.Swap(true):
		c.log.Error("the store cannot commit; changes are refused until it can", "error", err)
	case err == nil && c.failing.Swap(false):
		c.log.Info("the store commits again")
	}
}
