package engine

import (
	linked "container/list" // list is a function of this package
	"sync"

	"github.com/ringback/ringback/ringback"
)

// leasedJobs remembers jobs as they were leased, so that their end need not
// read them. Until its lease ends nothing of a job changes but the end of that
// lease, and the store fences whoever has not the current token: what is
// remembered too long is refused there, and then read.
type leasedJobs struct {
	mu    sync.Mutex
	byID  map[string]*linked.Element // of *ringback.Job
	order *linked.List               // the longest remembered first
	bytes int
}

// maxLeasedBytes bounds the memory; past it the oldest are forgotten.
const maxLeasedBytes = 16 << 20

// leasedOverhead is about what a job takes besides its JSON, in bytes.
const leasedOverhead = 1 << 10

func newLeasedJobs() *leasedJobs {
	return &leasedJobs{byID: make(map[string]*linked.Element), order: linked.New()}
}

func leasedSize(j *ringback.Job) int { return leasedOverhead + len(j.Input) + len(j.Metadata) }

// remember keeps a job that was leased right now.
func (l *leasedJobs) remember(j ringback.Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(l.byID[j.ID])
	l.byID[j.ID] = l.order.PushBack(&j)
	for l.bytes += leasedSize(&j); l.bytes > maxLeasedBytes; {
		l.drop(l.order.Front())
	}
}

// find gives the job that was leased with a token, or nil. It must not be
// changed.
func (l *leasedJobs) find(id, token string) *ringback.Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.byID[id]; e != nil && jobOf(e).LeaseToken == token {
		return jobOf(e)
	}
	return nil
}

// forget is called when a lease has ended.
func (l *leasedJobs) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(l.byID[id])
}

func (l *leasedJobs) drop(e *linked.Element) {
	if e == nil {
		return
	}
	l.order.Remove(e)
	delete(l.byID, jobOf(e).ID)
	l.bytes -= leasedSize(jobOf(e))
}

func jobOf(e *linked.Element) *ringback.Job {
	return e.Value.(*ringback.Job) //nolint:errcheck,forcetypeassert // the list holds nothing else
}
