package engine_test

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/nodes/nodestest"
	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/ringback"
)

// cluster is several engines on one store, with one world outside.
type cluster struct {
	*world // of the first node

	shared *nodestest.Cluster
	nodes  []*clusterNode
}

// clusterNode is one of them. It may be cut off from the others and the store.
type clusterNode struct {
	*world

	conn *nodestest.Conn
}

// cut makes a node fail to say that it lives and to commit anything, as if it
// were paused, or mends that.
func (n *clusterNode) cut(cut bool) {
	n.store.fail(cut)
	n.conn.Cut(cut)
}

// inCluster runs a test on fake time with several engines, whose clocks are
// wrong by so much each.
func inCluster(t *testing.T, wrong []time.Duration, test func(t *testing.T, c *cluster)) {
	t.Helper()
	inClusterAhead(t, 0, wrong, test)
}

// inClusterAhead is inCluster where the clock of the store is so far ahead.
func inClusterAhead(t *testing.T, ahead time.Duration, wrong []time.Duration, test func(t *testing.T, c *cluster)) {
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
		c := &cluster{shared: nodestest.New(db)}
		c.shared.Ahead = ahead
		defer func() {
			for _, n := range c.nodes {
				n.stop()
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}()
		net := &network{
			Client:    egress.New(egress.Config{AllowHTTP: true, AllowPrivate: true}),
			receivers: make(map[string]http.HandlerFunc),
		}
		for _, w := range wrong {
			c.add(t, net, w)
		}
		c.world = c.nodes[0].world
		if c.account, err = c.e.CreateAccount(t.Context(), engine.CreateAccountParams{Name: "test"}); err != nil {
			t.Fatal(err)
		}
		for _, n := range c.nodes {
			n.account = c.account
		}
		sleep(5 * time.Second) // all know each other
		test(t, c)
	})
}

// add starts one more node.
func (c *cluster) add(t *testing.T, net *network, wrong time.Duration) *clusterNode {
	t.Helper()
	conn := c.shared.Conn()
	w := &world{t: t, store: &flaky{Store: conn}, metrics: metrics.New("test"), net: net}
	var err error
	w.node, err = nodes.Config{
		Store: conn, Name: "test", Clock: func() time.Time { return time.Now().Add(wrong) },
	}.Join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.e = engine.New(engine.Config{
		Store: w.store, Node: w.node, Egress: net, Log: slog.New(slog.DiscardHandler), UserAgent: "Ringback/test",
		Metrics: w.metrics, Limits: dispatch.Limits{Grace: time.Second},
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.e.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		w.e.Drain()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if len(c.nodes) > 0 {
		w.account = c.nodes[0].account
	}
	n := &clusterNode{world: w, conn: conn}
	c.nodes = append(c.nodes, n)
	return n
}

// three nodes with right clocks.
var three = make([]time.Duration, 3)

// once fails unless so many deliveries arrived once each.
func (a *answers) once(t *testing.T, want int) {
	t.Helper()
	a.each(t, want, 1)
}

// each fails unless so many deliveries arrived so many times each.
func (a *answers) each(t *testing.T, want, times int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.ids) != want || len(a.calls) != want*times {
		t.Errorf("%d deliveries arrived in %d calls; want %d, each %d times", len(a.ids), len(a.calls), want, times)
	}
}

// Any node serves any request: what was made at one is there for another at
// once, and no longer once it is gone.
func TestAnyNode(t *testing.T) {
	inCluster(t, three, func(t *testing.T, c *cluster) {
		a, b := c.nodes[0], c.nodes[1]
		for range 20 {
			got := answer(200)
			c.net.at(receiver, got.ServeHTTP)
			b.publish("warm") // its view is kept
			ep := a.endpoint(receiver, nil)
			b.publish("a")
			sleep(time.Second)
			got.once(t, 1)
			if err := a.e.DeleteEndpoint(t.Context(), c.account.ID, ep.ID); err != nil {
				t.Fatal(err)
			}
			b.publish("a")
			sleep(time.Second)
			got.once(t, 1)
		}
	})
}

// A key that one node deletes is refused by the others.
func TestKeyDeletedElsewhere(t *testing.T) {
	inCluster(t, three, func(t *testing.T, c *cluster) {
		a, b := c.nodes[0], c.nodes[1]
		key, text, err := a.e.CreateKey(t.Context(), engine.CreateKeyParams{AccountID: c.account.ID, Name: "k"})
		if err != nil {
			t.Fatal(err)
		}
		other, otherText, err := a.e.CreateKey(t.Context(), engine.CreateKeyParams{AccountID: c.account.ID, Name: "l"})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{text, otherText} {
			if _, err := b.e.Authenticate(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.e.DeleteKey(t.Context(), key.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.e.Authenticate(t.Context(), text); ringback.CodeOf(err) != ringback.CodeUnauthorized {
			t.Errorf("a deleted key: %v", err)
		}
		// Without a signal it takes a minute.
		if err := c.store.Store.(*nodestest.Conn).Store.DeleteKey(t.Context(), other.ID); err != nil {
			t.Fatal(err)
		}
		sleep(61 * time.Second)
		if _, err := b.e.Authenticate(t.Context(), otherText); ringback.CodeOf(err) != ringback.CodeUnauthorized {
			t.Errorf("a key that was deleted unheard: %v", err)
		}
	})
}

// A job is submitted at one node, leased at another that waits for it, finished
// at a third, and waited for at the first.
func TestJobAcrossNodes(t *testing.T) {
	inCluster(t, three, func(t *testing.T, c *cluster) {
		a, b, d := c.nodes[0], c.nodes[1], c.nodes[2]
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				jobs, err := b.e.LeaseJobs(t.Context(), engine.LeaseParams{Types: []string{"x"}, Max: 1, Wait: time.Minute, Lease: time.Hour})
				if err != nil || len(jobs) != 1 {
					t.Errorf("leased %d, %v", len(jobs), err)
					return
				}
				time.Sleep(time.Second)
				if _, err := d.e.CompleteJob(t.Context(), engine.LeaseRef{JobID: jobs[0].ID, Token: jobs[0].LeaseToken}, nil, ""); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		for range 5 {
			all.Go(func() {
				begun := time.Now()
				job, _, err := a.e.SubmitJob(t.Context(), c.account.ID, engine.SubmitJobParams{Type: "x"})
				if err != nil {
					t.Error(err)
					return
				}
				job, err = a.e.WaitJob(t.Context(), c.account.ID, job.ID, time.Minute)
				if took := time.Since(begun); err != nil || job.Status != ringback.JobSucceeded || took > 1100*time.Millisecond {
					t.Errorf("%v, %v after %s", job.Status, err, took)
				}
			})
		}
		all.Wait()
	})
}

// A job whose time comes after its node is gone is not forgotten.
func TestTimersOfGoneNode(t *testing.T) {
	inCluster(t, three, func(t *testing.T, c *cluster) {
		b := c.nodes[1]
		p := engine.SubmitJobParams{Type: "x", RunAt: time.Now().Add(time.Minute)}
		if _, _, err := b.e.SubmitJob(t.Context(), c.account.ID, p); err != nil {
			t.Fatal(err)
		}
		b.stop()
		begun := time.Now()
		jobs, err := c.e.LeaseJobs(t.Context(), engine.LeaseParams{Types: []string{"x"}, Max: 1, Wait: time.Minute, Lease: time.Hour})
		if jobs == nil {
			jobs, err = c.e.LeaseJobs(t.Context(), engine.LeaseParams{Types: []string{"x"}, Max: 1, Wait: time.Minute, Lease: time.Hour})
		}
		if err != nil || len(jobs) != 1 || time.Since(begun) > 61*time.Second {
			t.Errorf("%d jobs after %s, %v", len(jobs), time.Since(begun), err)
		}
	})
}

// What one node holds and another cancels is not sent.
func TestCancelElsewhere(t *testing.T) {
	for _, heard := range []bool{true, false} {
		inCluster(t, three, func(t *testing.T, c *cluster) {
			a, b := c.nodes[0], c.nodes[1]
			got, slow := answer(200), make(chan struct{})
			c.net.at(receiver, func(w http.ResponseWriter, r *http.Request) {
				<-slow
				got.ServeHTTP(w, r)
			})
			a.endpoint(receiver, nil)
			events := make([]*ringback.Event, 12)
			for i := range events {
				events[i] = b.publish("a")
			}
			sleep(time.Second)
			for _, ev := range events[4:] {
				op := &store.CancelDelivery{
					DeliveryRef: store.DeliveryRef{AccountID: c.account.ID, ID: ringback.DeliveryID(ev.ID, 0)}, Now: time.Now(), Reason: "test",
				}
				var err error
				if heard {
					_, err = a.e.CancelDelivery(t.Context(), c.account.ID, op.ID)
				} else if err = a.store.Commit(t.Context(), []store.Op{op}); err == nil {
					err = op.Err // nobody tells of it
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			sleep(6 * time.Second)
			close(slow)
			sleep(10 * time.Second)
			got.once(t, 4)
			if n := b.e.Stats().InMemory; n != 0 {
				t.Errorf("%d are in memory", n)
			}
		})
	}
}

// The work of a node that is gone without leaving is done by the others within
// ten seconds, and when it is back it sends nothing of what it had.
func TestTakeOverFromCutOff(t *testing.T) {
	inCluster(t, three, func(t *testing.T, c *cluster) {
		a, b := c.nodes[0], c.nodes[1]
		got := answer(200)
		var mu sync.Mutex
		down := true
		c.net.at(receiver, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			broken := down
			mu.Unlock()
			if broken {
				time.Sleep(14 * time.Second)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			got.ServeHTTP(w, r)
		})
		a.endpoint(receiver, nil)
		for range 30 {
			b.publish("a")
		}
		if n := b.e.Stats().InFlight; n != 2 {
			t.Fatalf("%d are in flight; want two probes", n)
		}
		b.cut(true)
		mu.Lock()
		down = false
		mu.Unlock()
		sleep(10 * time.Second)
		got.once(t, 30)
		sleep(20 * time.Second)
		b.cut(false)
		sleep(20 * time.Second)
		got.once(t, 30)
		if s := b.e.Stats(); s.InMemory != 0 || s.Queued != 0 {
			t.Errorf("the node that was cut off holds %+v", s)
		}
		if n := c.count(ringback.DeliveryDelivered); n != 30 {
			t.Errorf("%d are delivered", n)
		}
		if before := c.node.State().Rejoined; before != 0 || b.node.State().Rejoined != 1 {
			t.Errorf("rejoined: %d and %d", before, b.node.State().Rejoined)
		}
		for range 10 {
			b.publish("a") // and it works again
		}
		sleep(time.Second)
		got.once(t, 40)
	})
}

// A node that is not confirmed says so before it has to stop its attempts, and
// takes requests again when it is.
func TestReadyWhileCutOff(t *testing.T) {
	inCluster(t, three, func(t *testing.T, c *cluster) {
		b := c.nodes[1]
		b.conn.Cut(true)
		sleep(3900 * time.Millisecond)
		if err := b.e.Ready(); ringback.CodeOf(err) != ringback.CodeUnavailable {
			t.Errorf("Ready = %v", err)
		}
		if err := c.e.Ready(); err != nil {
			t.Errorf("of another one Ready = %v", err)
		}
		b.conn.Cut(false)
		sleep(5 * time.Second)
		if err := b.e.Ready(); err != nil {
			t.Errorf("when it is back Ready = %v", err)
		}
	})
}

// A node that leaves hands on what it held at once, and sends nothing after.
func TestLeave(t *testing.T) {
	inCluster(t, three, func(t *testing.T, c *cluster) {
		b := c.nodes[1]
		got := answer(503)
		c.net.at(receiver, got.ServeHTTP)
		c.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{time.Second, time.Second, time.Second, time.Second, time.Hour}}
		})
		for range 20 {
			b.publish("a")
		}
		sleep(time.Second / 2)
		b.stop()
		fine := answer(200)
		c.net.at(receiver, fine.ServeHTTP)
		sleep(5 * time.Second)
		fine.once(t, 20)
	})
}

// Clocks that are an hour apart decide nothing: no delivery is early or late, and
// every time that is kept is by the one clock that all have in common, which here
// is a day ahead of all of them.
func TestClocksApart(t *testing.T) {
	const ahead = 24 * time.Hour
	inClusterAhead(t, ahead, []time.Duration{0, time.Hour, -time.Hour}, func(t *testing.T, c *cluster) {
		right := func(what string, at time.Time, want time.Duration) {
			t.Helper()
			if off := at.Sub(time.Now().Add(ahead)) - want; off.Abs() > 10*time.Second {
				t.Errorf("%s is wrong by %s", what, off)
			}
		}
		got := answer(500, 500, 500, 200)
		c.net.at(receiver, got.ServeHTTP)
		ep := c.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{time.Minute}}
		})
		right("the making of an endpoint", ep.CreatedAt, 0)
		begun := time.Now()
		for i, n := range c.nodes {
			ev := n.publish("a")
			right("the making of an event", ev.CreatedAt, 0)
			sleep(time.Millisecond)
			d, attempts := c.delivery(ev, 0)
			right("the start of an attempt", attempts[0].StartedAt, 0)
			right("the next attempt", d.NextAttemptAt, time.Minute)
			if _, _, err := n.e.SubmitJob(t.Context(), c.account.ID, engine.SubmitJobParams{
				Type: "x", RunAt: begun.Add(ahead + time.Duration(i+1)*time.Second),
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range c.nodes {
			jobs, err := c.nodes[(i+1)%3].e.LeaseJobs(t.Context(), engine.LeaseParams{Types: []string{"x"}, Max: 1, Wait: time.Minute, Lease: time.Hour})
			want := time.Duration(i+1) * time.Second
			if err != nil || len(jobs) != 1 || (time.Since(begun)-want).Abs() > 100*time.Millisecond {
				t.Fatalf("%d jobs after %s; want one after %s; %v", len(jobs), time.Since(begun), want, err)
			}
			right("the end of a lease", jobs[0].LeaseExpiresAt, time.Hour)
		}
		sleep(2 * time.Minute)
		got.each(t, 3, 2)
		for _, at := range got.times()[3:] {
			if late := at.Sub(begun); late < 54*time.Second || late > 67*time.Second {
				t.Errorf("a retry came after %s; want a minute", late)
			}
		}
		for _, n := range c.nodes {
			if n.node.State().Rejoined != 0 {
				t.Error("a node was taken for dead")
			}
		}
	})
}
