package nodes_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/nodes/nodestest"
	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
)

// inBubble runs a test on fake time, with a store that several nodes may share.
func inBubble(t *testing.T, test func(t *testing.T, db *sqlite.Store, c *nodestest.Cluster)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		sealer, err := seal.New(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Sealer: sealer, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}()
		test(t, db, nodestest.New(db))
	})
}

// node is a member that runs, and what it was told.
type node struct {
	*nodes.Member
	*nodestest.Conn

	stop func()

	mu      sync.Mutex
	told    []string // "lost", "changed", "freed"
	signals []store.Signal
}

// join starts a node whose wall clock is wrong by so much.
func join(t *testing.T, c *nodestest.Cluster, wrong time.Duration) *node {
	t.Helper()
	n := &node{Conn: c.Conn()}
	m, err := nodes.Config{
		Store: n.Conn, Name: "test", Clock: func() time.Time { return time.Now().Add(wrong) },
	}.Join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n.Member = m
	n.run(t)
	return n
}

func (n *node) run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() {
		ended <- n.Run(ctx, nodes.Handlers{
			Log:  slog.New(slog.DiscardHandler),
			Lost: n.note("lost"), Changed: n.note("changed"), Freed: n.note("freed"),
			Heard: func(s store.Signal) {
				n.mu.Lock()
				defer n.mu.Unlock()
				n.signals = append(n.signals, s)
			},
		})
	}()
	n.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(n.stop)
	synctest.Wait()
}

func (n *node) note(what string) func() {
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.told = append(n.told, what)
	}
}

// heard gives what was told since the last call.
func (n *node) heard() (told []string, signals []store.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	told, signals = n.told, n.signals
	n.told, n.signals = nil, nil
	return told, signals
}

func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// A store that is this process's alone asks for nothing: leases hold for ever.
func TestAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, db *sqlite.Store, _ *nodestest.Cluster) {
		m, err := nodes.Join(t.Context(), db, "test")
		if err != nil {
			t.Fatal(err)
		}
		n := &node{Member: m}
		n.run(t)
		l := m.NextLease()
		sleep(24 * time.Hour)
		if !m.Holds(l) || m.Holds(0) || m.Shared() || m.NextLease() == l {
			t.Error("a lease does not hold, or was given twice")
		}
		if owns, since := m.Owns("q"); !owns || !since.IsZero() {
			t.Errorf("Owns = %t, %s", owns, since)
		}
		if !m.Now().Equal(time.Now()) {
			t.Errorf("Now = %s; want %s", m.Now(), time.Now())
		}
		n.stop()
		if m.Holds(l) || m.NextLease() != 0 {
			t.Error("a lease holds after the end")
		}
		if told, signals := n.heard(); len(told)+len(signals) > 0 {
			t.Errorf("told %v, heard %v", told, signals)
		}
	})
}

// Nodes see each other come and go; who leaves in order is gone at once, who is
// cut off after eight seconds.
func TestComeAndGo(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *sqlite.Store, c *nodestest.Cluster) {
		a := join(t, c, 0)
		b := join(t, c, 0)
		d := join(t, c, 0)
		sleep(time.Second)
		for _, n := range []*node{a, b, d} {
			if got := n.State(); got.Living != 3 || got.BeatAge >= 2*time.Second {
				t.Fatalf("State = %+v", got)
			}
		}
		b.stop()
		sleep(time.Second)
		if got := a.State().Living; got != 2 {
			t.Errorf("%d live after one has left", got)
		}
		d.Cut(true)
		sleep(7 * time.Second)
		if got := c.Living(); len(got) != 2 {
			t.Errorf("epochs %v live: one was ended early", got)
		}
		sleep(2 * time.Second)
		if got := c.Living(); !slices.Equal(got, []int64{a.Epoch()}) {
			t.Errorf("epochs %v live; want that of the first node alone", got)
		}
		sleep(time.Minute)
		if told, _ := a.heard(); slices.Contains(told, "lost") {
			t.Error("the node that stayed has lost its epoch")
		}
	})
}

// Who is cut off stops after four seconds, long before others take its work, and
// begins again under another epoch.
func TestCutOff(t *testing.T) {
	for _, test := range []struct {
		lasts time.Duration
		lost  bool
	}{{2 * time.Second, false}, {5 * time.Second, true}, {30 * time.Second, true}} {
		t.Run(fmt.Sprint(test.lasts), func(t *testing.T) {
			inBubble(t, func(t *testing.T, _ *sqlite.Store, c *nodestest.Cluster) {
				a, b := join(t, c, 0), join(t, c, 0)
				sleep(10*time.Second + time.Second/2)
				before := a.Epoch()
				l := a.NextLease()
				a.Cut(true)
				sleep(min(test.lasts, 3*time.Second))
				if !a.Holds(l) {
					t.Fatal("it gave up within three seconds")
				}
				sleep(test.lasts - min(test.lasts, 3*time.Second))
				if a.Holds(l) == test.lost || (a.NextLease() == 0) != test.lost {
					t.Fatalf("after %s: Holds = %t", test.lasts, a.Holds(l))
				}
				a.Cut(false)
				sleep(10 * time.Second)
				if a.Holds(l) == test.lost || (a.Epoch() != before) != test.lost || !a.Holds(a.NextLease()) {
					t.Errorf("when it is back: Holds = %t, epoch %d after %d", a.Holds(l), a.Epoch(), before)
				}
				if told, _ := a.heard(); slices.Contains(told, "lost") != test.lost {
					t.Errorf("it was told %v", told)
				}
				if told, _ := b.heard(); slices.Contains(told, "lost") {
					t.Errorf("the other one was told %v", told)
				}
				if got := c.Living(); len(got) != 2 {
					t.Errorf("epochs %v live; want two", got)
				}
			})
		})
	}
}

// When the store was away for all, nobody is taken for dead: none could count.
func TestStoreAway(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *sqlite.Store, c *nodestest.Cluster) {
		a, b := join(t, c, 0), join(t, c, 0)
		sleep(10*time.Second + time.Second/2)
		a.Cut(true)
		b.Cut(true)
		sleep(time.Minute)
		a.Cut(false)
		sleep(2 * time.Second)
		if !a.Holds(a.NextLease()) || slices.Contains(c.Living(), b.Epoch()) {
			t.Fatal("the first is not back, or the second is")
		}
		b.Cut(false)
		sleep(10 * time.Second)
		if got := c.Living(); len(got) != 2 || a.State().Rejoined != 1 || b.State().Rejoined != 1 {
			t.Errorf("epochs %v live, %+v, %+v", got, a.State(), b.State())
		}
	})
}

// All nodes have one time, however wrong their clocks are, and it takes no
// wrong clock to tell who lives.
func TestClocksApart(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *sqlite.Store, c *nodestest.Cluster) {
		a, b := join(t, c, time.Hour), join(t, c, -time.Hour)
		sleep(time.Minute)
		for _, n := range []*node{a, b} {
			if off := time.Until(n.Now()).Abs(); off > time.Millisecond {
				t.Errorf("Now is wrong by %s", off)
			}
			if told, _ := n.heard(); slices.Contains(told, "lost") || n.State().Living != 2 {
				t.Errorf("told %v, %+v", told, n.State())
			}
		}
	})
}

// Signals are gathered, each told once; their number is bounded.
func TestSignals(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *sqlite.Store, c *nodestest.Cluster) {
		a, b := join(t, c, 0), join(t, c, 0)
		b.heard()
		due := store.Signal{Kind: store.SignalDue}
		for range 100 {
			a.Tell(due)
		}
		sleep(20 * time.Millisecond)
		if _, got := b.heard(); !slices.Equal(got, []store.Signal{due}) {
			t.Errorf("heard %v", got)
		}
		for i := range 10_000 {
			a.Tell(store.Signal{Kind: store.SignalCanceled, AccountID: "acct", Name: fmt.Sprint(i)})
		}
		sleep(20 * time.Millisecond)
		_, got := b.heard()
		if all := (store.Signal{Kind: store.SignalCanceled, AccountID: "acct"}); len(got) > 1024 || !slices.Contains(got, all) {
			t.Errorf("heard %d signals, and not that all were canceled", len(got))
		}
		if _, own := a.heard(); slices.Contains(own, due) {
			t.Error("it heard itself")
		}
	})
}
