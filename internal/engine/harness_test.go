package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/ringback"
)

// network is the world outside: receivers by URL, reached without sockets so
// that time can be fake. The policy on URLs is the real client's.
type network struct {
	*egress.Client

	mu        sync.Mutex
	receivers map[string]http.HandlerFunc
}

// at sets what answers under a URL; anything else refuses connections.
func (n *network) at(url string, h http.HandlerFunc) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.receivers[url] = h
}

// Do serves a request by its receiver, within its timeout.
func (n *network) Do(ctx context.Context, r egress.Request) (egress.Response, error) {
	n.mu.Lock()
	h := n.receivers[r.URL]
	n.mu.Unlock()
	if h == nil {
		return egress.Response{}, &egress.Error{Kind: egress.KindConnect, Message: "connection refused"}
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return egress.Response{}, err
	}
	req.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	h(w, req)
	if ctx.Err() != nil {
		return egress.Response{}, &egress.Error{Kind: egress.KindTimeout, Message: "no complete answer within " + r.Timeout.String()}
	}
	return egress.Response{StatusCode: w.Code, Header: w.Header(), Body: w.Body.Bytes()}, nil
}

// flaky is a store whose commits can be made to fail, as on a full disk.
type flaky struct {
	store.Store

	mu      sync.Mutex
	broken  bool
	instead store.Store    // what Commit goes to instead, or nil
	before  func(store.Op) // is called with what is to be committed, or nil
	leases  atomic.Int64   // LeaseJobs operations
	changes atomic.Int64   // ChangeEndpoint operations
	reads   atomic.Int64   // of single jobs
}

var errDiskFull = errors.New("disk full")

func (f *flaky) fail(broken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = broken
}

// commitTo makes Commit go to another store.
func (f *flaky) commitTo(s store.Store) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.instead = s
}

func (f *flaky) target() store.Store {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.instead != nil {
		return f.instead
	}
	return f.Store
}

// beforeCommit has fn called with what is about to be committed.
func (f *flaky) beforeCommit(fn func(store.Op)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = fn
}

func (f *flaky) change(op store.Op) {
	f.mu.Lock()
	fn := f.before
	f.mu.Unlock()
	if fn != nil {
		fn(op)
	}
}

func (f *flaky) isBroken() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken
}

// Job counts.
func (f *flaky) Job(ctx context.Context, accountID, id string) (*ringback.Job, error) {
	f.reads.Add(1)
	return f.Store.Job(ctx, accountID, id)
}

func (f *flaky) Commit(ctx context.Context, ops []store.Op) error {
	if f.isBroken() {
		return errDiskFull
	}
	for _, op := range ops {
		f.change(op)
		switch op.(type) {
		case *store.LeaseJobs:
			f.leases.Add(1)
		case *store.ChangeEndpoint:
			f.changes.Add(1)
		}
	}
	return f.target().Commit(ctx, ops)
}

func (f *flaky) PurgeEvents(ctx context.Context, p store.PurgeEvents) (store.Purged, error) {
	if f.isBroken() {
		return store.Purged{}, errDiskFull
	}
	return f.Store.PurgeEvents(ctx, p)
}

func (f *flaky) PutSetting(ctx context.Context, name, value string) error {
	if f.isBroken() {
		return errDiskFull
	}
	return f.Store.PutSetting(ctx, name, value)
}

// world is an engine with all around it.
type world struct {
	t       *testing.T
	e       *engine.Engine
	net     *network
	store   *flaky
	node    *nodes.Member
	metrics *metrics.Metrics
	account *ringback.Account
	stop    func()
	restart func() // a new process on the same store, with the same receivers
}

// inWorld runs a test on fake time, with a real store in a temporary folder.
func inWorld(t *testing.T, limits dispatch.Limits, test func(t *testing.T, w *world)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := open(t, dir, limits)
		defer func() { w.stop() }()
		account, err := w.e.CreateAccount(t.Context(), engine.CreateAccountParams{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		w.account = account
		test(t, w)
	})
}

// open starts an engine on the store in dir.
func open(t *testing.T, dir string, limits dispatch.Limits) *world {
	t.Helper()
	return openWith(t, dir, engine.Config{Limits: limits, Log: slog.New(slog.DiscardHandler)})
}

// openWith starts an engine with the limits, log and retention of c.
func openWith(t *testing.T, dir string, c engine.Config) *world {
	t.Helper()
	sealer, err := seal.New(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Sealer: sealer, Logger: c.Log})
	if err != nil {
		t.Fatal(err)
	}
	node, err := nodes.Join(t.Context(), db, "test")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: &flaky{Store: db}, node: node, metrics: metrics.New("test"), net: &network{
		Client:    egress.New(egress.Config{AllowHTTP: true, AllowPrivate: true}),
		receivers: make(map[string]http.HandlerFunc),
	}}
	w.restart = func() {
		w.stop()
		again := openWith(t, dir, c)
		w.e, w.store, w.node, w.stop = again.e, again.store, again.node, again.stop
		w.metrics = again.metrics
		again.net.mu.Lock()
		defer again.net.mu.Unlock()
		again.net.receivers, w.net = w.net.receivers, again.net
	}
	c.Store, c.Node, c.Egress, c.UserAgent, c.Metrics = w.store, w.node, w.net, "Ringback/test", w.metrics
	w.e = engine.New(c)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.e.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		w.e.Drain()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return w
}

// endpoint makes one that subscribes to everything.
func (w *world) endpoint(url string, change func(*engine.CreateEndpointParams)) *ringback.Endpoint {
	w.t.Helper()
	p := engine.CreateEndpointParams{URL: url, EventTypes: []string{"*"}}
	if change != nil {
		change(&p)
	}
	ep, err := w.e.CreateEndpoint(w.t.Context(), w.account.ID, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return ep
}

// publish publishes an event and gives it.
func (w *world) publish(eventType string) *ringback.Event {
	w.t.Helper()
	ev, _, err := w.e.PublishEvent(w.t.Context(), w.account.ID, engine.PublishEventParams{Type: eventType, Data: json.RawMessage(`{"a":1}`)})
	if err != nil {
		w.t.Fatal(err)
	}
	return ev
}

// delivery gives the n-th delivery of an event with its attempts.
func (w *world) delivery(ev *ringback.Event, n int) (*ringback.Delivery, []ringback.Attempt) {
	w.t.Helper()
	d, attempts, err := w.e.Delivery(w.t.Context(), w.account.ID, ringback.DeliveryID(ev.ID, n))
	if err != nil {
		w.t.Fatal(err)
	}
	return d, attempts
}

// measured checks lines of the metrics.
func (w *world) measured(lines ...string) {
	w.t.Helper()
	answer := httptest.NewRecorder()
	w.metrics.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range lines {
		if !strings.Contains(answer.Body.String(), line+"\n") {
			w.t.Errorf("the metrics lack %s", line)
		}
	}
}

// count gives how many deliveries have a status.
func (w *world) count(s ringback.DeliveryStatus) int {
	w.t.Helper()
	n := 0
	p := engine.Paging{Limit: engine.MaxLimit}
	for {
		l, err := w.e.Deliveries(w.t.Context(), w.account.ID, engine.DeliveryFilter{Status: s}, p)
		if err != nil {
			w.t.Fatal(err)
		}
		n += len(l.Items)
		if l.Next == "" {
			return n
		}
		p.Cursor = l.Next
	}
}

// sleep lets fake time pass, and everything settle.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// answers is a receiver that gives these statuses one after the other, the last
// one for ever, and remembers when it was called.
type answers struct {
	mu     sync.Mutex
	status []int
	header http.Header
	calls  []time.Time
	ids    map[string]int // calls by webhook-id
}

func answer(status ...int) *answers { return &answers{status: status, ids: make(map[string]int)} }

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	status := a.status[min(len(a.calls), len(a.status)-1)]
	a.calls = append(a.calls, time.Now())
	a.ids[r.Header.Get("Webhook-Id")]++
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(status)
	fmt.Fprintf(w, "call %d", len(a.calls))
}

func (a *answers) times() []time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]time.Time(nil), a.calls...)
}

// hang is a receiver that never answers.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
