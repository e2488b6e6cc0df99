// Package nodes makes a process one of the nodes that share a store: it lives in
// an epoch, says so every second, sees who else lives, takes over what the dead
// held, and passes on signals.
//
// What it is sure of rests on two times. Who has had no beat confirmed for
// Silence attempts nothing any more; who has not been seen to count up for
// deadAfter, twice as long, is dead for the others. Both are measured by the
// monotonic clock of the one who measures: no wall clock decides.
package nodes

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringback/ringback/internal/store"
)

// Silence is how long after its last confirmed beat a node is sure to live.
// After it the node does nothing that needs a lease, until it has joined again.
const Silence = 4 * time.Second

const (
	beatEvery   = time.Second
	beatTimeout = 2 * time.Second // of one beat: a connection that hangs is given up
	deadAfter   = 8 * time.Second // for which a count stands still
	lookSlack   = beatEvery / 10  // by which looks may come early; another would cost a second
	maxGap      = 2 * time.Second // between two looks, beyond which time proves nothing
	leaveLimit  = time.Second     // for what a node does last
)

// Config says how a process joins.
type Config struct {
	Store store.Nodes
	Name  string           // for people to read
	Clock func() time.Time // the wall clock of this machine; nil = time.Now
}

// Member is this process among the nodes. All methods may be called
// concurrently.
type Member struct {
	Config

	standing atomic.Pointer[standing]
	count    atomic.Int64 // of leases, of all its epochs: none is given twice
	offset   atomic.Int64 // nanoseconds from Clock to the store's clock
	measured bool         // offset is from a beat; Join's and then the beats' alone
	rejoined atomic.Int64 // how often

	sightings map[int64]*sighting // of other epochs; Join's and then the beats' alone
	sweeper   sweeper
	outbox    outbox
}

// standing is what a member is sure of. It is replaced as a whole.
type standing struct {
	epoch     int64 // 0: in none
	alone     bool
	confirmed time.Time // when the last beat began that the store confirmed
	living    []int64   // epochs
	// settled is when all others know of this node, or are silent.
	settled  time.Time
	departed []departure // the latest last
}

// departure is the end of another node, as it was seen here. By then it was
// silent.
type departure struct {
	epoch int64
	at    time.Time
}

// Join begins an epoch.
func Join(ctx context.Context, s store.Nodes, name string) (*Member, error) {
	return Config{Store: s, Name: name}.Join(ctx)
}

// Join begins an epoch.
func (c Config) Join(ctx context.Context) (*Member, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	m := &Member{
		Config: c, sightings: make(map[int64]*sighting),
		sweeper: sweeper{wake: make(chan struct{}, 1), ends: make(map[int64]time.Time)},
		outbox:  outbox{wake: make(chan struct{}, 1), waiting: make(map[store.Signal]struct{})},
	}
	m.standing.Store(&standing{})
	return m, m.join(ctx)
}

// join begins an epoch, and counts it up once to learn who else lives.
func (m *Member) join(ctx context.Context) error {
	epoch, err := m.Store.Join(ctx, m.Name)
	if err != nil {
		return err
	}
	sent := time.Now()
	b, err := m.Store.Beat(ctx, epoch)
	if err != nil {
		return err
	}
	m.measure(b, time.Since(sent))
	s := &standing{epoch: epoch, alone: b.Alone, confirmed: sent, settled: sent, living: epochs(b.Nodes)}
	if len(s.living) > 1 {
		s.settled = sent.Add(Silence + settleMargin)
	}
	clear(m.sightings)
	m.sight(b.Nodes, epoch)
	m.standing.Store(s)
	return nil
}

func epochs(all []store.Node) []int64 {
	list := make([]int64, len(all))
	for i, n := range all {
		list[i] = n.Epoch
	}
	return list
}

// Epoch is the present one; 0 between two.
func (m *Member) Epoch() int64 { return m.standing.Load().epoch }

// Shared says whether other nodes may have the store, too.
func (m *Member) Shared() bool { return !m.standing.Load().alone }

// NextLease gives a lease that was never given before, or 0 if the node is not
// sure to live.
func (m *Member) NextLease() store.Lease {
	s := m.standing.Load()
	if !s.sure() {
		return 0
	}
	return store.NewLease(s.epoch, m.count.Add(1))
}

// Holds says whether what was leased so may be attempted: the node still lives
// in the lease's epoch, for certain.
func (m *Member) Holds(l store.Lease) bool {
	s := m.standing.Load()
	return l.Epoch() == s.epoch && s.sure()
}

// Sure says whether the node lives for certain.
func (m *Member) Sure() bool { return m.standing.Load().sure() }

func (s *standing) sure() bool {
	return s.epoch != 0 && (s.alone || within(s.confirmed, time.Now(), Silence))
}

// within says whether less than d has passed. The monotonic clock of some
// systems stands still while the machine is suspended: the wall clock must not
// say that it was longer, either.
func within(from, to time.Time, d time.Duration) bool {
	return to.Sub(from) < d && to.Round(0).Sub(from.Round(0)) < d
}

// Now is the present by the store's clock, which all nodes have in common, as a
// wall-clock time. Without one it is that of this machine.
func (m *Member) Now() time.Time {
	return m.Clock().Round(0).Add(time.Duration(m.offset.Load()))
}

// measure learns how far the clock of this machine is from the store's. The
// store looked at its own at some moment of the round trip: what is known
// already stays as long as that may be true.
func (m *Member) measure(b store.Beat, trip time.Duration) {
	if b.Now.IsZero() {
		return
	}
	offset := b.Now.Sub(m.Clock().Round(0).Add(-trip / 2))
	known := time.Duration(m.offset.Load())
	if !m.measured || (offset-known).Abs() > trip/2 {
		m.offset.Store(int64(offset))
		m.measured = true
	}
}

// State is a look at a member.
type State struct {
	Living   int           // nodes, as far as this one knows
	BeatAge  time.Duration // since the last confirmed beat; 0 if the store is this node's alone
	Rejoined int           // how often the epoch was lost and another begun
}

// State gives the present numbers.
func (m *Member) State() State {
	s := m.standing.Load()
	st := State{Living: len(s.living), Rejoined: int(m.rejoined.Load())}
	if !s.alone {
		st.BeatAge = time.Since(s.confirmed)
	}
	return st
}

// Lives says whether an epoch is that of a node that lives, as far as is known.
func (m *Member) Lives(epoch int64) bool {
	return slices.Contains(m.standing.Load().living, epoch)
}

// Run lives among the nodes until ctx is done, and then leaves: what it had
// leased is free for others. Whatever attempts under its leases must have ended
// by then.
func (m *Member) Run(ctx context.Context, h Handlers) error {
	if m.Shared() {
		var parts sync.WaitGroup
		parts.Go(func() { m.runBeats(ctx, h) })
		parts.Go(func() { m.runSweeps(ctx, h) })
		parts.Go(func() { m.listen(ctx, h) })
		parts.Go(func() { m.runOutbox(ctx, h) })
		parts.Wait()
	} else {
		<-ctx.Done()
	}
	m.leave(ctx, h)
	return nil
}
