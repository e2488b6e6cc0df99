package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/server"
)

// demo is everything that runs while it is shown.
type demo struct {
	Config

	dir   string // temporary: the database, and the server's log
	kept  bool   // the folder stays
	plans []*plan

	server   *server.Server
	api      *client.Client // with the account's key
	operator *client.Client // with the operator's key
	worker   *inspectWorker
	receiver *receiver
	board    *board
	lines    *timeline

	files, hooks net.Listener
	following    sync.WaitGroup
	closers      []func() error // called by stop, the last one first
}

// setUpWithin bounds the calls that set the demo up.
const setUpWithin = 10 * time.Second

// start starts the parts: what the server calls first, then the server, then
// the worker. fail is called if one of them fails later.
func (d *demo) start(ctx context.Context, fail func(error), inputs []*input) error {
	d.board = newBoard()
	d.lines = &timeline{out: d.Out, color: d.Color, width: max(d.Width, minWidth), now: time.Now, failed: fail}
	d.lines.fit(d.plans)
	d.receiver = newReceiver(d.board, d.lines, func(tr *track) {
		d.following.Go(func() { d.follow(ctx, tr) })
	})
	d.onStop(func() error { d.following.Wait(); return nil })
	var hooks http.Handler = d.receiver
	if d.aroundReceiver != nil {
		hooks = d.aroundReceiver(hooks)
	}
	var err error
	if d.files, err = d.serve(fail, newFileServer(inputs...)); err != nil {
		return err
	}
	if d.hooks, err = d.serve(fail, hooks); err != nil {
		return err
	}
	if err := d.startServer(ctx, fail); err != nil {
		return err
	}
	if err := d.subscribe(ctx); err != nil {
		return fmt.Errorf("the demo cannot be set up: %w", err)
	}
	inspector := newInspector()
	d.onStop(func() error { inspector.close(); return nil })
	d.worker = &inspectWorker{operator: d.operator, api: d.api, board: d.board, lines: d.lines, inspect: inspector.inspect}
	d.launch(fail, d.worker.run)
	return nil
}

// startServer starts a server as `ringback dev` has it, on a free port.
func (d *demo) startServer(ctx context.Context, fail func(error)) error {
	log, err := os.OpenFile(filepath.Join(d.dir, "server.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	d.onStop(log.Close)
	var w io.Writer = log
	if d.Log != nil {
		w = io.MultiWriter(log, d.Log)
	}
	d.server, err = server.Open(ctx, server.Config{
		Addr: "127.0.0.1:0", Dir: d.dir, Dev: true, AllowHTTP: true, AllowPrivate: true,
		Version: d.Version, Log: slog.New(slog.NewTextHandler(w, nil)),
	})
	if err != nil {
		return fmt.Errorf("the server does not start: %w", err)
	}
	d.launch(fail, d.server.Run)
	transport := &http.Transport{}
	d.onStop(func() error { transport.CloseIdleConnections(); return nil })
	calls := &http.Client{Transport: transport}
	keys := d.server.Keys()
	if d.api, err = client.New(d.server.URL(), keys.APIKey, client.HTTPClient(calls)); err != nil {
		return err
	}
	d.operator, err = client.New(d.server.URL(), keys.OperatorKey, client.HTTPClient(calls))
	return err
}

// subscribe makes the busy endpoint, and tells the receiver what it will get
// and with which secrets it is signed.
func (d *demo) subscribe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, setUpWithin)
	defer cancel()
	account, err := d.api.GetOwnAccountSecret(ctx)
	if err != nil {
		return err
	}
	for _, scene := range scenes {
		if err := d.receiver.expect("/"+scene.profile, scene.profile, account.Secret, "the account's secret", 0); err != nil {
			return err
		}
	}
	endpoint, err := d.api.CreateEndpoint(ctx, client.CreateEndpointParams{
		Name: "busy receiver", URL: d.hooksURL() + busyPath, Profile: busyProfile,
		EventTypes: []string{busyPattern}, RetrySchedule: client.Set(busySchedule),
	})
	if err != nil {
		return err
	}
	return d.receiver.expect(busyPath, busyProfile, endpoint.Secret, "the endpoint's secret", refusals)
}

func (d *demo) filesURL() string { return "http://" + d.files.Addr().String() }

func (d *demo) hooksURL() string { return "http://" + d.hooks.Addr().String() }

// onStop has something done by stop, before what was registered earlier.
func (d *demo) onStop(do func() error) { d.closers = append(d.closers, do) }

// stop ends the parts in the order opposite to that of their start: no new
// work is taken, the server ends its attempts while the receiver still
// answers, and the log is closed when nobody writes it any more.
func (d *demo) stop() error {
	var errs []error
	for _, closer := range slices.Backward(d.closers) {
		errs = append(errs, closer())
	}
	d.closers = nil
	return errors.Join(errs...)
}

// launch runs a part until stop ends it and waits for it. fail learns of one
// that ends by itself with an error.
func (d *demo) launch(fail func(error), run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := run(ctx)
		if err != nil && ctx.Err() == nil {
			fail(err)
			err = nil
		}
		ended <- err
	}()
	d.onStop(func() error {
		cancel()
		return <-ended
	})
}

// serve starts an HTTP server on a free port of this machine.
func (d *demo) serve(fail func(error), h http.Handler) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.launch(fail, func(ctx context.Context) error { return serveHTTP(ctx, l, h) })
	return l, nil
}

// Times of the receiver and of the file server.
const (
	requestTimeout = 10 * time.Second
	stopTimeout    = time.Second
)

// serveHTTP answers requests until ctx is done.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler: h, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if srv.Shutdown(grace) != nil {
		_ = srv.Close() // what is still open is cut off
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
