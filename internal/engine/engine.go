// Package engine holds the use cases: what may be done with jobs, events,
// endpoints, deliveries, accounts and keys, and what follows from it. It
// checks what it is given, decides, hands changes to the group commit, and
// gives born-leased deliveries to the dispatcher.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringback/ringback/internal/commit"
	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/tracing"
	"github.com/ringback/ringback/ringback"
)

// Egress reaches customers' addresses (internal/egress).
type Egress interface {
	dispatch.Sender
	CheckURL(raw string) error
}

// Config is what an engine works with.
type Config struct {
	Store     store.Store
	Node      *nodes.Member
	Egress    Egress
	Log       *slog.Logger
	UserAgent string // of deliveries
	Limits    dispatch.Limits
	Metrics   *metrics.Metrics // of this engine alone; nil = nobody looks at them
	Retention time.Duration    // how long what is over is kept; 0 = for ever
	Tracer    *tracing.Tracer  // nil = off
}

// Engine is the program without its surfaces. All methods may be called
// concurrently; those that change something return once it is durable. Errors
// that a caller can do something about are *ringback.Error.
type Engine struct {
	store      store.Store
	node       *nodes.Member
	egress     Egress
	log        *slog.Logger
	metrics    *metrics.Metrics
	tracer     *tracing.Tracer
	commit     *commit.Committer
	dispatcher *dispatch.Dispatcher
	retention  time.Duration
	directory  *directory
	schemas    *schemaCache
	keys       *keyCache
	finished   *finals
	idle       *idleWorkers
	leased     *leasedJobs
	failing    *failingClocks
	jobTimer   *alarm
	abandoned  chan struct{} // has one element when cancellations may have been cut off
	stopping   chan struct{}
	background sync.WaitGroup // work that outlives the call that began it
}

// New makes an engine; Run runs it.
func New(c Config) *Engine {
	if c.Metrics == nil {
		c.Metrics = metrics.New("")
	}
	if c.Tracer == nil {
		c.Tracer = tracing.Off()
	}
	e := &Engine{
		store: c.Store, node: c.Node, egress: c.Egress, log: c.Log, metrics: c.Metrics, tracer: c.Tracer,
		commit:    commit.New(c.Store, c.Log, c.Metrics),
		retention: c.Retention,
		directory: newDirectory(c.Store, c.Node),
		schemas:   newSchemaCache(c.Store),
		keys:      newKeyCache(c.Node),
		finished:  newFinals(),
		idle: newIdleWorkers(func(j readyJob) {
			c.Node.Tell(store.Signal{Kind: store.SignalReady, AccountID: j.accountID, Name: j.jobType})
		}),
		leased:    newLeasedJobs(),
		failing:   newFailingClocks(c.Node),
		jobTimer:  newAlarm(),
		abandoned: make(chan struct{}, 1),
		stopping:  make(chan struct{}),
	}
	e.dispatcher = dispatch.New(dispatch.Config{
		Commit: e.commit, Store: c.Store, Node: c.Node, Sender: c.Egress, Targets: targets{e},
		Log: c.Log, UserAgent: c.UserAgent, Limits: c.Limits, Metrics: c.Metrics, Tracer: c.Tracer,
	})
	c.Metrics.Watch(state{e})
	return e
}

// Run works until ctx is done. The parts stop in this order: the timers and
// the dispatcher (which lets running attempts end), then the group commit,
// since the others need it to record what they did, and last the node leaves:
// until then what it had leased is its own. Callers of other methods
// must be gone before ctx is done; their long polls end when Drain is called.
func (e *Engine) Run(ctx context.Context) error {
	commitCtx, stopCommit := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCommit()
	committed := make(chan error, 1)
	go func() { committed <- e.commit.Run(commitCtx) }()
	nodeCtx, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	left := make(chan error, 1)
	go func() { left <- e.node.Run(nodeCtx, e.nodeHandlers()) }()

	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return e.dispatcher.Run(ctx) })
	parts.Go(func() error { return e.runJobTimers(ctx) })
	parts.Go(func() error { return e.runUpkeep(ctx) })
	parts.Go(func() error { e.runRetention(ctx); return nil })
	parts.Go(func() error { e.runAbandoned(ctx); return nil })
	err := parts.Wait()
	e.background.Wait()
	stopCommit()
	err = errors.Join(err, <-committed)
	leave()
	return errors.Join(err, <-left)
}

// Drain ends long polls and waits for jobs. It is called once, before Run's
// context ends.
func (e *Engine) Drain() { close(e.stopping) }

func (e *Engine) isStopping() bool {
	select {
	case <-e.stopping:
		return true
	default:
		return false
	}
}

// readyBeat is how old the last confirmed beat of a node may be that is ready: it
// says that it is not before it has to stop attempts (nodes.Silence).
const readyBeat = 2500 * time.Millisecond

// Ready says why the engine cannot take changes, or nil.
func (e *Engine) Ready() error {
	if e.isStopping() {
		return ringback.Unavailable(errors.New("the server is stopping"))
	}
	if e.commit.Failing() {
		return ringback.Unavailable(errors.New("the store cannot commit"))
	}
	if node := e.node.State(); node.BeatAge > readyBeat {
		return ringback.Unavailable(fmt.Errorf("the store has not confirmed for %s that this node lives", node.BeatAge.Round(time.Second)))
	}
	return nil
}

// Stats gives the dispatcher's present numbers.
func (e *Engine) Stats() dispatch.Stats { return e.dispatcher.Stats() }

const (
	probeEvery = time.Second
	purgeEvery = 10 * time.Minute
	purgeSlice = 1000
)

// runUpkeep tries the store while it cannot commit, and deletes old
// idempotency keys in small slices.
func (e *Engine) runUpkeep(ctx context.Context) error {
	probe, purge := time.NewTicker(probeEvery), time.NewTicker(purgeEvery)
	defer probe.Stop()
	defer purge.Stop()
	for {
		select {
		case <-probe.C:
			if e.commit.Failing() {
				e.commit.Note(e.store.PutSetting(ctx, "last_write_probe", e.now().Format(time.RFC3339)))
			}
		case <-purge.C:
			e.purgeIdempotencyKeys(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

func (e *Engine) purgeIdempotencyKeys(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := e.store.PurgeIdempotencyKeys(ctx, e.now().Add(-store.KeyTTL), purgeSlice)
		if err != nil {
			e.log.Warn("old idempotency keys could not be deleted", "error", err)
			return
		}
		if n < purgeSlice {
			return
		}
	}
}

// now is the present with the resolution that is kept, by the clock that all
// nodes have in common.
func (e *Engine) now() time.Time { return presentOf(e.node) }

func presentOf(n *nodes.Member) time.Time { return n.Now().UTC().Truncate(time.Microsecond) }

// found maps the store's "not found" to the error that callers see.
func found(err error, kind, id string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return ringback.NotFound(kind, id)
	default:
		return unavailable(err)
	}
}

// unavailable gives a fault of the store the code that makes callers try again.
func unavailable(err error) error {
	if err == nil || ringback.CodeOf(err) != ringback.CodeInternal {
		return err
	}
	return ringback.Unavailable(err)
}

// listTimeout bounds how long one list may read: a filter that matches little
// may have to look at much.
const listTimeout = 10 * time.Second

// listing gives a list its time.
func listing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, listTimeout,
		ringback.Errorf(ringback.CodeUnavailable, "the list took longer than %s; narrow it with since and until", listTimeout))
}

// listFailed maps the error of a list.
func listFailed(ctx context.Context, err error) error {
	if cause, ok := errors.AsType[*ringback.Error](context.Cause(ctx)); ok {
		return cause
	}
	return unavailable(err)
}

// Maybe is a member of a change that may be absent (Set false), null, or a
// value.
type Maybe[T any] struct {
	Set   bool
	Null  bool
	Value T
}

// List is one page of a list. Next is the cursor of the page after it, "" at
// the end.
type List[T any] struct {
	Items []*T
	Next  string
}

// Paging asks for a page: Limit items (1–200) after Cursor.
type Paging struct {
	Limit  int
	Cursor string
}
