// Package server joins the parts into a program: store, engine, egress and
// API, and the order in which they start and stop. Commands and end-to-end
// tests start the same Server.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/tracing"
)

// Config says how a server runs.
type Config struct {
	Addr         string        // host:port to listen on; port 0 chooses one
	MetricsAddr  string        // host:port that serves /metrics instead of Addr; "" = Addr does
	Store        string        // "" or "sqlite" = embedded, in Dir; otherwise the URL of a PostgreSQL database
	StoreWait    time.Duration // how long to wait for a database that does not answer at the start
	NodeName     string        // for people to read; "" = host name and Addr
	Dir          string        // of the embedded database; made if it is missing
	AllowHTTP    bool          // customers' URLs may be http://
	AllowPrivate bool          // customers' URLs may lead to private addresses
	PublicURL    string        // leads the URLs in answers; "" = as the request addressed the server
	Dev          bool          // keys are kept in Dir/dev.json and shown at every start
	MasterKey    string        // base64 of 32 bytes; "" = Dir/master.key, made if there is no store yet
	OperatorKey  string        // the text of the operator's key; "" = generated at the first start
	Retention    time.Duration // how long what is over is kept; 0 = for ever
	Version      string
	Log          *slog.Logger
}

// Stopping takes at most ten seconds: requests have two to end, then attempts
// have seven, and the last commits, the store and the last traces the rest.
const (
	requestGrace = 2 * time.Second
	attemptGrace = 7 * time.Second
	tracesGrace  = 2 * time.Second
	stopLimit    = 9500 * time.Millisecond
)

// Server is one running program. Open makes it, Run runs it.
type Server struct {
	config  Config
	store   store.Store
	node    *nodes.Member
	egress  *egress.Client
	engine  *engine.Engine
	metrics *metrics.Metrics
	tracer  *tracing.Tracer
	api     site
	scrapes site // with Config.MetricsAddr
	keys    Keys
}

// Open opens the store, makes the first account and keys where there are none,
// and begins to listen; requests are answered once Run runs. A store that is
// open elsewhere, was made by a newer version, or whose master key is another
// one is refused.
func Open(ctx context.Context, c Config) (_ *Server, err error) {
	tracer, err := tracing.FromEnv(ctx, c.Version, c.Log)
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, metrics: metrics.New(c.Version), tracer: tracer}
	defer func() {
		if err != nil {
			s.close()
			s.sendTraces(time.Now())
		}
	}()
	sealer, err := c.sealer()
	if err != nil {
		return nil, err
	}
	if s.store, err = openStore(ctx, &c, sealer); err != nil {
		return nil, err
	}
	var own atomic.Pointer[[]netip.AddrPort]
	s.egress = egress.New(egress.Config{
		AllowHTTP: c.AllowHTTP, AllowPrivate: c.AllowPrivate, UserAgent: c.userAgent(),
		OwnAddrs: func() []netip.AddrPort {
			if addrs := own.Load(); addrs != nil {
				return *addrs
			}
			return nil
		},
	})
	if s.node, err = nodes.Join(ctx, s.store, c.nodeName()); err != nil {
		return nil, err
	}
	s.engine = engine.New(engine.Config{
		Store: s.store, Node: s.node, Egress: s.egress, Log: c.Log, UserAgent: c.userAgent(),
		Limits: dispatch.Limits{Grace: attemptGrace}, Metrics: s.metrics, Tracer: s.tracer, Retention: c.Retention,
	})
	if s.keys, err = s.firstKeys(ctx); err != nil {
		return nil, err
	}
	if err := s.warnWithoutOperator(ctx); err != nil {
		return nil, err
	}
	if err := s.listen(ctx); err != nil {
		return nil, err
	}
	own.Store(s.ownAddrs())
	return s, nil
}

func (c *Config) userAgent() string { return "Ringback/" + c.Version }

// sealer makes what seals secrets, from the configured master key or the one
// beside the embedded database, whose folder it makes.
func (c *Config) sealer() (*seal.Sealer, error) {
	kind, err := StoreKind(c.Store)
	if err != nil {
		return nil, err
	}
	if kind == kindSQLite || c.Dev {
		if err := os.MkdirAll(c.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("the data folder: %w", err)
		}
	}
	if c.MasterKey != "" {
		key, err := seal.ParseKey(c.MasterKey)
		if err != nil {
			return nil, fmt.Errorf("RINGBACK_MASTER_KEY: %w", err)
		}
		return seal.New(key)
	}
	if kind != kindSQLite {
		return nil, errNoMasterKey
	}
	path := filepath.Join(c.Dir, "master.key")
	_, keyErr := os.Stat(path)
	_, dbErr := os.Stat(filepath.Join(c.Dir, "ringback.db"))
	if errors.Is(keyErr, os.ErrNotExist) && dbErr == nil {
		return nil, fmt.Errorf("%s is missing, but the database beside it was made with a master key; put the file back, or give the key in RINGBACK_MASTER_KEY", path)
	}
	key, err := seal.LoadOrCreateKeyFile(path)
	if err != nil {
		return nil, err
	}
	return seal.New(key)
}

// NodeName is what the log and other nodes call this one.
func (s *Server) NodeName() string { return s.node.Name }

// Keys are the keys that this start may show.
func (s *Server) Keys() Keys { return s.keys }

// Run serves until ctx is done, then stops in this order: long polls end and no
// request is accepted any more; running requests end; no attempt starts any
// more and running ones end; the group commit ends; the store is closed; the
// last traces are sent. It returns nil after a complete stop.
func (s *Server) Run(ctx context.Context) error {
	var stopping time.Time
	defer func() {
		s.close()
		s.sendTraces(stopping)
	}()
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	parts, failed := errgroup.WithContext(context.WithoutCancel(ctx))
	parts.Go(func() error { return s.engine.Run(engineCtx) })
	parts.Go(s.api.serve)
	parts.Go(s.scrapes.serve)
	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	stopping = time.Now()
	s.config.Log.Info("stopping", "in_flight", s.engine.Stats().InFlight)
	s.engine.Drain()
	s.api.stop(ctx, s.config.Log)
	stopEngine()
	s.scrapes.stop(ctx, s.config.Log)
	return parts.Wait()
}

// sendTraces sends the last traces of a server that has been stopping since that
// time.
func (s *Server) sendTraces(since time.Time) {
	wait := min(tracesGrace, time.Until(since.Add(stopLimit)))
	ctx, cancel := context.WithTimeout(context.Background(), max(wait, 0))
	defer cancel()
	if err := s.tracer.Close(ctx); err != nil {
		s.config.Log.Warn("the last traces could not be sent", "error", err)
	}
}

// close gives back what Open took.
func (s *Server) close() {
	s.api.close()
	s.scrapes.close()
	if s.egress != nil {
		s.egress.Close()
	}
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			s.config.Log.Error("the store was not closed cleanly", "error", err)
		}
	}
}
