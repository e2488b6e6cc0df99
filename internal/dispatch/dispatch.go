// Package dispatch sends what is due: every destination has a queue of its
// own, with its own limit of concurrent requests; each attempt is composed,
// signed, sent, recorded and, if it failed, scheduled again.
//
// A delivery is in the memory of this process only under a lease, and only if a
// slot was reserved for it before the lease was committed, so memory is
// bounded. What finds no slot waits in the store: parked under the name of the
// queue that is full, or scheduled. The feeder claims it when there is room.
package dispatch

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/tracing"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// Committer makes changes durable (internal/commit).
type Committer interface {
	Do(ops ...store.Op) error
	// Go is Do without waiting: done is called before any later commit of the
	// account's lane begins.
	Go(done func(error), ops ...store.Op)
	Failing() bool
}

// Store is what the feeder reads.
type Store interface {
	NextDue(ctx context.Context) (time.Time, error)
	ParkedQueues(ctx context.Context) ([]string, error)
	LeasedDeliveries(ctx context.Context, epoch int64) ([]store.LeasedDelivery, error)
}

// Node is this process among those that share the store (internal/nodes).
type Node interface {
	Epoch() int64           // 0 between two
	NextLease() store.Lease // 0 if it is not sure to live
	Holds(l store.Lease) bool
	Shared() bool // there may be other nodes
	// Owns says whether this node alone sends to the queue, and since when no other
	// has: by the monotonic clock, perhaps a time to come.
	Owns(queue string) (owns bool, since time.Time)
	Now() time.Time // by the clock that all have in common
	Tell(s store.Signal)
}

// Sender sends one request (internal/egress).
type Sender interface {
	Do(ctx context.Context, r egress.Request) (egress.Response, error)
}

// Targets knows where deliveries go and how they are signed, as it is at this
// moment.
type Targets interface {
	Target(ctx context.Context, d *ringback.Delivery, job *ringback.Job) (*Target, error)
	// Limited says whether the named queue's destination has a rate limit.
	Limited(ctx context.Context, queueName string) (bool, error)
	// Notice gives what is to be committed together with an attempt, or nil. A
	// fault of the store is an error: it is asked again.
	Notice(ctx context.Context, c *store.Claimed, o Outcome) (*Notice, error)
	// Observe is told of every recorded attempt.
	Observe(ctx context.Context, d *ringback.Delivery, o Outcome)
}

// Target is how one delivery is sent.
type Target struct {
	URL           string
	Profile       webhook.Profile
	Signer        *webhook.Signer
	Headers       map[string]string // the customer's own
	IncludeResult bool
	Schedule      []time.Duration // delays between attempts
	Timeout       time.Duration   // of one whole attempt
	RateLimit     float64         // attempts that may start in a second; 0 = no limit
	CreatedAt     time.Time       // nothing was sent there before
	// Unsignable is why no signature can be made with the present secret: the
	// attempt fails with it.
	Unsignable error
	// Gone is why nothing may be sent any more ("" = send): the delivery is
	// canceled with this reason.
	Gone string
}

// Notice is an event about an attempt.
type Notice struct {
	*store.Notice

	// Settle is called once it is known whether the notice was inserted, before
	// any later commit begins. It must not block.
	Settle func(inserted bool)
}

// Limits of a dispatcher. The zero value of a member means its default. One
// account gets a part of the whole, so that nobody takes all with many hosts.
type Limits struct {
	Slots           int           // deliveries in memory: 16,384
	AccountSlots    int           // of one account: a quarter of Slots
	QueueSlots      int           // of one destination that answers: 2,048
	Bytes           int64         // of events and jobs in memory: 64 MiB
	AccountBytes    int64         // of one account: an eighth of Bytes
	Concurrency     int           // requests at once to one destination that answers: 128
	InFlight        int           // requests at once in all: 4,096
	AccountInFlight int           // of one account: a quarter of InFlight
	Grace           time.Duration // for running attempts when stopping: 10 s
}

func (l Limits) withDefaults() Limits {
	l.Slots = cmp.Or(l.Slots, 16<<10)
	l.AccountSlots = cmp.Or(l.AccountSlots, max(l.Slots/4, 1))
	l.QueueSlots = cmp.Or(l.QueueSlots, 2048)
	l.Bytes = cmp.Or(l.Bytes, 64<<20)
	l.AccountBytes = cmp.Or(l.AccountBytes, max(l.Bytes/8, 1))
	l.Concurrency = cmp.Or(l.Concurrency, 128)
	l.InFlight = cmp.Or(l.InFlight, 4096)
	l.AccountInFlight = cmp.Or(l.AccountInFlight, max(l.InFlight/4, 1))
	l.Grace = cmp.Or(l.Grace, 10*time.Second)
	return l
}

// Config is what a dispatcher works with.
type Config struct {
	Commit    Committer
	Store     Store
	Node      Node
	Sender    Sender
	Targets   Targets
	Log       *slog.Logger
	UserAgent string
	Limits    Limits
	Metrics   *metrics.Metrics
	Tracer    *tracing.Tracer
}

// Dispatcher owns the deliveries that this process has leased.
type Dispatcher struct {
	Config

	// base is the context of attempts: they outlive the call that began them,
	// and end when the grace of stopping is over.
	base  context.Context //nolint:containedctx // see above
	abort context.CancelFunc
	work  sync.WaitGroup // attempts under way
	wake  chan struct{}  // tells the feeder to look
	// started is when this process began: an earlier one made no attempt after it.
	started time.Time

	mu       sync.Mutex
	queues   map[string]*queue
	accounts map[string]*account
	refill   map[*shelf]struct{} // shelves that have parked deliveries and room for some
	shed     map[*queue]struct{} // slow queues that hold more than they may
	known    map[string]*item    // the deliveries in memory, by id
	slots    int                 // reserved or taken
	bytes    int64
	inFlight int
	waiting  []*account // want to send, but a limit in flight is reached
	busy     int        // checks to make until nothing was going on for a while
	due      time.Time  // when the feeder must look next; zero = nothing known
	full     bool       // due deliveries found no slot
	stopping bool
	idle     []worker

	leased store.Lease // the last one that was given
	// canceled has the last lease that was given when deliveries were canceled
	// since the last check; canceledBefore, since the one before it.
	canceled, canceledBefore map[string]store.Lease
	askParked, askLeases     bool // what the feeder is to look at
}

// New makes a dispatcher; Run runs it.
func New(c Config) *Dispatcher {
	c.Limits = c.Limits.withDefaults()
	d := &Dispatcher{
		Config:   c,
		wake:     make(chan struct{}, 1),
		started:  time.Now(),
		queues:   make(map[string]*queue),
		accounts: make(map[string]*account),
		refill:   make(map[*shelf]struct{}),
		shed:     make(map[*queue]struct{}),
		known:    make(map[string]*item),
		busy:     quietChecks,
		canceled: make(map[string]store.Lease),
	}
	d.base, d.abort = context.WithCancel(context.Background())
	return d
}

// Run feeds the queues from the store until ctx is done. Then no attempt
// starts any more, those under way have Limits.Grace to end, and Run returns.
// The committer must run for longer than Run does.
func (d *Dispatcher) Run(ctx context.Context) error {
	d.feed(ctx)
	d.mu.Lock()
	d.stopping = true
	for _, q := range d.queues {
		q.stopTimer()
	}
	d.dismiss()
	d.mu.Unlock()
	// An attempt that does not end in time is given up unrecorded: it may have
	// arrived or not, and is made again after the next start.
	giveUp := time.AfterFunc(d.Limits.Grace, d.abort)
	d.work.Wait()
	giveUp.Stop()
	d.abort()
	return nil
}

// Stats is a look at the dispatcher.
type Stats struct {
	InMemory int // deliveries with a slot
	Queued   int // deliveries that wait for their attempt
	InFlight int // attempts under way
	Queues   int
}

// Stats gives the present numbers.
func (d *Dispatcher) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Stats{
		InMemory: d.slots, Queued: max(len(d.known)-d.inFlight, 0), InFlight: d.inFlight, Queues: len(d.queues),
	}
}

// OldestQueued gives when the first of the deliveries that lead their queues
// was due; zero if all queues are empty.
func (d *Dispatcher) OldestQueued() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	var oldest time.Time
	for _, q := range d.queues {
		if len(q.items) == 0 {
			continue
		}
		if due := q.items[0].Delivery.NextAttemptAt; oldest.IsZero() || due.Before(oldest) {
			oldest = due
		}
	}
	return oldest
}

// Drop makes sure that no attempt starts any more of deliveries that were
// canceled in the store.
func (d *Dispatcher) Drop(ids ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	queues := make(map[*queue]struct{})
	for _, id := range ids {
		d.noteCanceled(id)
		for it := d.known[id]; it != nil; it = it.same {
			it.dropped = true
			queues[it.queue] = struct{}{}
		}
	}
	for q := range queues {
		d.pump(q) // what was dropped need not wait for its turn
	}
}

// poke wakes the feeder.
func (d *Dispatcher) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// noteDue makes the feeder look at that time.
func (d *Dispatcher) noteDue(at time.Time) {
	d.mu.Lock()
	earlier := !at.IsZero() && (d.due.IsZero() || at.Before(d.due))
	if earlier {
		d.due = at
	}
	d.mu.Unlock()
	if earlier {
		d.poke()
	}
}
