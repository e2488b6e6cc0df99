package engine

import (
	"context"
	"slices"
	"sync"
	"time"
)

// finals lets callers wait for jobs or deliveries to become final.
type finals struct {
	mu      sync.Mutex
	waiters map[string][]chan struct{} // by id
}

func newFinals() *finals { return &finals{waiters: make(map[string][]chan struct{})} }

// watch gives a channel that is closed when what has the id is final, and a
// function that ends watching.
func (f *finals) watch(id string) (done <-chan struct{}, stop func()) {
	ch := make(chan struct{})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiters[id] = append(f.waiters[id], ch)
	return ch, func() { f.remove(id, ch) }
}

func (f *finals) remove(id string, ch chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := slices.DeleteFunc(f.waiters[id], func(c chan struct{}) bool { return c == ch })
	if len(rest) == 0 {
		delete(f.waiters, id)
		return
	}
	f.waiters[id] = rest
}

func (f *finals) notify(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, ch := range f.waiters[id] {
		close(ch)
	}
	delete(f.waiters, id)
}

// await returns when done is closed, the wait is over, or nobody waits any more.
func (e *Engine) await(ctx context.Context, done <-chan struct{}, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-e.stopping:
	case <-ctx.Done():
	}
}

// lookEvery is how often a node looks for what others may have left to it, should
// nobody have told. An only one has no need to.
const lookEvery = 5 * time.Second

// elsewhere gives a channel that says when to look for what happened at other
// nodes; nil if there are none.
func (e *Engine) elsewhere() <-chan time.Time {
	if !e.node.Shared() {
		return nil
	}
	return time.After(lookEvery)
}

// untilFinal calls look until it says that what has the id is final, or the wait
// is over, or nobody waits any more.
func (e *Engine) untilFinal(ctx context.Context, id string, wait time.Duration, look func() (final bool, err error)) error {
	done, stop := e.finished.watch(id)
	defer stop()
	over := time.Now().Add(wait)
	for {
		final, err := look()
		left := time.Until(over)
		if err != nil || final || left <= 0 || e.isStopping() {
			return err
		}
		if e.node.Shared() {
			left = min(left, time.Second) // somebody waits for it, and a signal may be lost
		}
		e.await(ctx, done, left)
		if ctx.Err() != nil {
			return nil
		}
		select {
		case <-done:
			done = nil // it was told once
		default:
		}
	}
}

// idleWorkers are the long polls for jobs that found none. Each job that
// becomes ready wakes one of them.
type idleWorkers struct {
	nobody func(readyJob) // is told of jobs that nobody here waits for

	mu      sync.Mutex
	waiters []*idleWorker // the longest waiting first
}

// readyJob tells of a job that can be leased.
type readyJob struct {
	accountID, jobType string

	// several: another node told, once for perhaps many. Who gets one wakes more.
	several bool
}

type idleWorker struct {
	accountID string // "" = any
	types     []string
	wake      chan readyJob // gets one value when it is taken off the list
}

func newIdleWorkers(nobody func(readyJob)) *idleWorkers { return &idleWorkers{nobody: nobody} }

// add puts a worker on the list.
func (i *idleWorkers) add(accountID string, types []string) *idleWorker {
	w := &idleWorker{accountID: accountID, types: types, wake: make(chan readyJob, 1)}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.waiters = append(i.waiters, w)
	return w
}

// leave takes a worker off the list. One that was woken meanwhile did not look
// for that job: another worker gets the call.
func (i *idleWorkers) leave(w *idleWorker) {
	i.mu.Lock()
	at := slices.Index(i.waiters, w)
	if at >= 0 {
		i.waiters = slices.Delete(i.waiters, at, at+1)
	}
	i.mu.Unlock()
	if at < 0 {
		i.notify(<-w.wake)
	}
}

// notify wakes one worker that may take the job, here or at another node.
func (i *idleWorkers) notify(j readyJob) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for at, w := range i.waiters {
		if (w.accountID == "" || w.accountID == j.accountID) && slices.Contains(w.types, j.jobType) {
			i.waiters = slices.Delete(i.waiters, at, at+1)
			w.wake <- j
			return
		}
	}
	if !j.several {
		i.nobody(j)
	}
}

// alarm wakes one loop at the earliest of the times that it was set to.
type alarm struct {
	mu   sync.Mutex
	at   time.Time // zero = not set
	wake chan struct{}
}

func newAlarm() *alarm { return &alarm{wake: make(chan struct{}, 1)} }

// set makes the alarm ring at that time or before.
func (a *alarm) set(at time.Time) {
	a.mu.Lock()
	earlier := !at.IsZero() && (a.at.IsZero() || at.Before(a.at))
	if earlier {
		a.at = at
	}
	a.mu.Unlock()
	if earlier {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

// take gives the time that the alarm is set to, and unsets it.
func (a *alarm) take() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.at
	a.at = time.Time{}
	return at
}

// peek gives the time that the alarm is set to.
func (a *alarm) peek() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.at
}
