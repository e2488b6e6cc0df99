// Package cluster tests several engines, each a node with a pool of its own, on
// one real PostgreSQL and in real time. What can be tested on fake time is in
// internal/engine and internal/nodes.
package cluster_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/ringback"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, pgtest.Options{})) }

// cluster is engines that share a store.
type cluster struct {
	t       *testing.T
	nodes   []*node
	account *ringback.Account
}

// node is one of them.
type node struct {
	*engine.Engine

	member  *nodes.Member
	log     *slog.Logger
	drain   func() // ends waits
	leave   func() // stops it in order
	vanish  func() // ends all that it does, as if it were killed
	egress  *egress.Client
	running chan error
}

// start starts so many nodes on an empty store.
func start(t *testing.T, wrong ...time.Duration) *cluster {
	t.Helper()
	t.Parallel()
	c := &cluster{t: t}
	url := pgtest.Schema(t)
	for _, w := range wrong {
		c.nodes = append(c.nodes, c.add(url, w))
	}
	var err error
	if c.account, err = c.nodes[0].CreateAccount(t.Context(), engine.CreateAccountParams{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	return c
}

// add starts a node whose wall clock is wrong by so much.
func (c *cluster) add(url string, wrong time.Duration) *node {
	t := c.t
	t.Helper()
	sealer, err := seal.New(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, Sealer: sealer, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{running: make(chan error, 1), log: log}
	n.egress = egress.New(egress.Config{AllowHTTP: true, AllowPrivate: true, UserAgent: "Ringback/test"})
	n.member, err = nodes.Config{
		Store: db, Name: t.Name(), Clock: func() time.Time { return time.Now().Add(wrong) },
	}.Join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n.Engine = engine.New(engine.Config{
		Store: db, Node: n.member, Egress: n.egress, Log: log, UserAgent: "Ringback/test", Limits: dispatch.Limits{Grace: time.Second},
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() { n.running <- n.Run(ctx) }()
	n.drain = sync.OnceFunc(n.Drain)
	n.leave = sync.OnceFunc(func() {
		n.drain()
		cancel()
		if err := <-n.running; err != nil {
			t.Error(err)
		}
		n.egress.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	n.vanish = func() { _ = db.Close() } // it can say nothing any more
	t.Cleanup(n.leave)
	return n
}

// endpoint makes one at a node.
func (c *cluster) endpoint(n *node, url string, perSecond float64) *ringback.Endpoint {
	c.t.Helper()
	ep, err := n.CreateEndpoint(c.t.Context(), c.account.ID, engine.CreateEndpointParams{URL: url, EventTypes: []string{"*"}, RateLimit: perSecond})
	if err != nil {
		c.t.Fatal(err)
	}
	return ep
}

// publish publishes an event at a node.
func (c *cluster) publish(n *node) *ringback.Event {
	c.t.Helper()
	ev, _, err := n.PublishEvent(c.t.Context(), c.account.ID, engine.PublishEventParams{Type: "a", Data: json.RawMessage(`{"a":1}`)})
	if err != nil {
		c.t.Fatal(err)
	}
	return ev
}

// recorded waits until so many deliveries are known as delivered.
func (c *cluster) recorded(want int) {
	c.t.Helper()
	for over := time.Now().Add(10 * time.Second); ; <-time.After(5 * time.Millisecond) {
		l, err := c.nodes[0].Deliveries(c.t.Context(), c.account.ID,
			engine.DeliveryFilter{Status: ringback.DeliveryDelivered}, engine.Paging{Limit: engine.MaxLimit})
		if err != nil {
			c.t.Fatal(err)
		}
		if len(l.Items) >= want {
			return
		}
		if time.Now().After(over) {
			c.t.Fatalf("%d of %d are delivered", len(l.Items), want)
		}
	}
}

// receiver is a server that remembers who called when.
type receiver struct {
	*httptest.Server

	mu    sync.Mutex
	calls []time.Time
	ids   map[string]int // calls by webhook-id
}

// receive starts a receiver that answers after a while.
func receive(t *testing.T, after time.Duration) *receiver {
	t.Helper()
	r := &receiver{ids: make(map[string]int)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		r.calls = append(r.calls, time.Now())
		r.ids[q.Header.Get("Webhook-Id")]++
		r.mu.Unlock()
		if after > 0 {
			select {
			case <-time.After(after):
			case <-q.Context().Done():
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(r.Close)
	return r
}

// counts gives how many deliveries arrived, and in how many calls.
func (r *receiver) counts() (deliveries, calls int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ids), len(r.calls)
}

// wait waits until so many deliveries have arrived.
func (r *receiver) wait(t *testing.T, want int, within time.Duration) {
	t.Helper()
	r.until(t, within, func(deliveries, _ int) bool { return deliveries >= want })
}

// until waits for a number of deliveries and calls.
func (r *receiver) until(t *testing.T, within time.Duration, reached func(deliveries, calls int) bool) {
	t.Helper()
	over := time.After(within)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		got, calls := r.counts()
		if reached(got, calls) {
			return
		}
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("%d deliveries have arrived after %s, in %d calls", got, within, calls)
		}
	}
}
