package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/ringback/ringback/internal/api"
)

// Limits of a request beside those of the API: the API bounds bodies.
const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	writeTimeout   = 2 * time.Minute // a wait for a job takes up to one
	maxHeaderBytes = 64 << 10
)

// site is a listener and what answers there. The zero value is none.
type site struct {
	http     *http.Server
	listener net.Listener
}

// listen opens the listeners, and makes what will answer there.
func (s *Server) listen(ctx context.Context) (err error) {
	c := &s.config
	handler := api.New(s.engine, api.Config{
		Log: c.Log, Version: c.Version, PublicURL: c.PublicURL, Metrics: s.metrics, HideMetrics: c.MetricsAddr != "", Tracer: s.tracer,
	}).Handler()
	if s.api, err = newSite(ctx, c.Addr, handler, c.Log); err != nil {
		return fmt.Errorf("--addr %s: %w", c.Addr, err)
	}
	if c.Dev {
		if err := s.keepURL(); err != nil {
			return err
		}
	}
	if c.MetricsAddr == "" {
		return nil
	}
	scrapes := http.NewServeMux()
	scrapes.Handle("GET /metrics", s.metrics.Handler())
	if s.scrapes, err = newSite(ctx, c.MetricsAddr, scrapes, c.Log); err != nil {
		return fmt.Errorf("--metrics-addr %s: %w", c.MetricsAddr, err)
	}
	return nil
}

func newSite(ctx context.Context, addr string, handler http.Handler, log *slog.Logger) (site, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return site{}, err
	}
	return site{listener: listener, http: &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		WriteTimeout:      writeTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}, nil
}

// URL is where the server listens.
func (s *Server) URL() string { return s.api.url() }

// MetricsURL is where the metrics are.
func (s *Server) MetricsURL() string {
	if s.scrapes.listener != nil {
		return s.scrapes.url() + "/metrics"
	}
	return s.URL() + "/metrics"
}

// ownAddrs are the addresses that no customer's URL may lead to.
func (s *Server) ownAddrs() *[]netip.AddrPort {
	var addrs []netip.AddrPort
	for _, site := range []site{s.api, s.scrapes} {
		if site.listener == nil {
			continue
		}
		if tcp, ok := site.listener.Addr().(*net.TCPAddr); ok {
			addrs = append(addrs, tcp.AddrPort())
		}
	}
	return &addrs
}

func (s *site) url() string { return "http://" + s.listener.Addr().String() }

// serve answers until stop is called.
func (s *site) serve() error {
	if s.http == nil {
		return nil
	}
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// stop takes no more requests, and lets those that run end within their grace.
func (s *site) stop(ctx context.Context, log *slog.Logger) {
	if s.http == nil {
		return
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestGrace)
	defer cancel()
	if err := s.http.Shutdown(grace); err != nil {
		log.Warn("requests were cut off", "error", err)
		_ = s.http.Close()
	}
}

func (s *site) close() {
	if s.listener != nil {
		_ = s.listener.Close()
	}
}
