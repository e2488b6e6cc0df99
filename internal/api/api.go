// Package api is the HTTP interface of the program: JSON under /v1, health and
// readiness, and the OpenAPI document that describes them, also as a page.
//
// Each file is about one noun: the shapes that it has on the wire, its routes
// and their handlers. A handler reads its input, calls the engine and shows
// what came back; what is true for every request (routing, keys, scopes,
// accounts, bodies, errors) is done before it runs, from the description of its
// operation, which is also what the OpenAPI document is made of.
package api

import (
	"cmp"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/tracing"
	"github.com/ringback/ringback/ringback"
)

// Config is how the API presents itself.
type Config struct {
	Log     *slog.Logger // nil = slog.Default()
	Version string       // of the program, shown in the OpenAPI document

	// PublicURL leads the URLs in answers ("https://ringback.example.com",
	// without a slash at the end). "" takes scheme and host as the request
	// addressed them; forwarding headers are never believed.
	PublicURL string

	// WrongKeys is how many wrong keys an address may present within a minute
	// before it gets 429 for further ones; 0 = 20.
	WrongKeys int

	Metrics     *metrics.Metrics // nil = nobody looks at them
	HideMetrics bool             // they are not served at /metrics
	Tracer      *tracing.Tracer  // nil = off
}

// API serves HTTP requests. It may be used concurrently.
type API struct {
	engine    *engine.Engine
	log       *slog.Logger
	metrics   *metrics.Metrics
	config    Config
	mux       *http.ServeMux
	huma      huma.API
	document  []byte // openapi.json
	wrongKeys *limiter
	shortcuts []*shortcut // where most requests of a busy server go

	largeBodies *semaphore.Weighted // bytes; see room

	// faultLogged is when a fault of the store was last logged, in Unix
	// nanoseconds.
	faultLogged atomic.Int64
}

const defaultWrongKeys = 20

// New makes the API of an engine.
func New(e *engine.Engine, c Config) *API {
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if c.Metrics == nil {
		c.Metrics, c.HideMetrics = metrics.New(""), true
	}
	if c.Tracer == nil {
		c.Tracer = tracing.Off()
	}
	a := &API{
		engine: e, log: cmp.Or(c.Log, slog.Default()), metrics: c.Metrics, config: c,
		mux:       http.NewServeMux(),
		wrongKeys: newLimiter(cmp.Or(c.WrongKeys, defaultWrongKeys)),

		largeBodies: semaphore.NewWeighted(maxLargeBodies),
	}
	a.huma = humago.New(a.mux, humaConfig(c.Version))
	a.registerJobs()
	a.registerLeases()
	a.registerEvents()
	a.registerBatch()
	a.registerEventTypes()
	a.registerResources()
	a.registerEndpoints()
	a.registerSecrets()
	a.registerEndpointCalls()
	a.registerProfiles()
	a.registerDeliveries()
	a.registerAccounts()
	a.registerOwnAccount()
	a.registerKeys()
	a.registerWebhookKeys()
	a.registerHealth()
	a.serveDocument()
	if !c.HideMetrics {
		a.mux.Handle("GET /metrics", c.Metrics.Handler())
	}
	a.serveDocs()
	return a
}

// Handler gives the handler for all routes.
func (a *API) Handler() http.Handler { return http.HandlerFunc(a.serve) }

// serve routes a request. Every answer is JSON, also those of the router; only
// /docs is a page, and /metrics is what Prometheus reads.
func (a *API) serve(writer http.ResponseWriter, r *http.Request) {
	w := &response{ResponseWriter: writer}
	defer a.measure(w, time.Now())
	defer boundBody(writer, r)()
	defer a.recoverPanic(w, r)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		w.Header().Set("Cache-Control", "no-store")
	}
	if !plainPath(r.URL.EscapedPath()) {
		a.fail(w, r, errNoRoute(r))
		return
	}
	if s, id := a.shortcutOf(r); s != nil {
		a.serveShortcut(w, r, s, id)
		return
	}
	handler, pattern := a.mux.Handler(r)
	if pattern == "" {
		a.fail(w, r, unrouted(w, r, handler))
		return
	}
	a.mux.ServeHTTP(w, r)
}

// plainPath says whether a path is written in the one way that routes are:
// without empty, "." or ".." segments and without a slash at the end. The mux
// would redirect others, which clients follow by losing their body.
func plainPath(escaped string) bool {
	return path.Clean(escaped) == escaped
}

// unrouted says why the mux has no handler: no route, or not for this method,
// which the answer's Allow header then lists.
func unrouted(w http.ResponseWriter, r *http.Request, handler http.Handler) error {
	refusal := &probe{header: http.Header{}}
	handler.ServeHTTP(refusal, r)
	if refusal.status != http.StatusMethodNotAllowed {
		return errNoRoute(r)
	}
	allow := refusal.header.Get("Allow")
	w.Header().Set("Allow", allow)
	return errMethod(r, allow)
}

// recoverPanic answers for a handler that panicked.
func (a *API) recoverPanic(w *response, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // a panic's value, by its contract
		panic(cause)
	}
	a.log.Error("a handler panicked", "method", r.Method, "path", r.URL.Path, "panic", cause, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // the answer has begun: cut it off, rather than end it as if it were whole
	}
	writeProblem(w, internalProblem())
}

// response remembers what is said about an answer later.
type response struct {
	http.ResponseWriter

	operation string        // its id; "" = none
	status    int           // 0 = no answer has begun
	code      ringback.Code // of a problem; "" = it is none
}

func (w *response) WriteHeader(status int) {
	if status >= 200 { // not an interim answer
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// probe takes an answer's head and throws its body away.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) WriteHeader(status int)      { p.status = status }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
