package server_test

import (
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/server"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/ringback"
)

// keepIn makes TestKeepStore write a store of the present schema for the
// versions to come:
//
//	go test ./internal/server -run TestKeepStore -keep-store ../store/sqlite/testdata/schemaN
//
// Do it once, before the schema changes, and never again for the same one: what
// it shows is what that version made.
var keepIn = flag.String("keep-store", "", "write the store that TestKeepStore makes to this folder")

// TestKeepStore runs a server through everything that leaves a trace in its
// store, and reads it back.
func TestKeepStore(t *testing.T) {
	dir := t.TempDir()
	known := makeStore(t, dir)
	s := openStore(t, dir)
	c := contentsOf(t, s, known)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if *keepIn != "" {
		keepStore(t, dir, *keepIn, c)
	}
	reopened := openStore(t, dir)
	defer reopened.Close()
	wantContents(t, contentsOf(t, reopened, known), c)
}

// keepStore writes the files of a store as small as they get.
func keepStore(t *testing.T, from, to string, c *contents) {
	t.Helper()
	path := filepath.Join(from, "ringback.db")
	db := must(sql.Open("sqlite", path))(t)
	for _, q := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE"} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(to, 0o750); err != nil {
		t.Fatal(err)
	}
	f := must(os.Create(filepath.Join(to, "ringback.db.gz")))(t)
	z := must(gzip.NewWriterLevel(f, gzip.BestCompression))(t)
	if _, err := z.Write(must(os.ReadFile(path))(t)); err != nil {
		t.Fatal(err)
	}
	for _, file := range []io.Closer{z, f} {
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string][]byte{
		"master.key":    must(os.ReadFile(filepath.Join(from, "master.key")))(t),
		"contents.json": append(must(json.MarshalIndent(c, "", "\t"))(t), '\n'),
	} {
		if err := os.WriteFile(filepath.Join(to, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func openStore(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	key := must(seal.LoadOrCreateKeyFile(filepath.Join(dir, "master.key")))(t)
	return must(sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Sealer: must(seal.New(key))(t), Logger: quiet}))(t)
}

// running is a server that runs until stop, or else the end of the test.
type running struct {
	*server.Server

	t    *testing.T
	stop func()
}

func run(t *testing.T, dir string) *running {
	t.Helper()
	s := must(server.Open(t.Context(), server.Config{
		Addr: "127.0.0.1:0", Dir: dir, AllowHTTP: true, AllowPrivate: true, Version: "test", Log: quiet,
	}))(t)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return &running{Server: s, t: t, stop: stop}
}

func (r *running) client(key string) *client.Client {
	r.t.Helper()
	transport := &http.Transport{}
	r.t.Cleanup(transport.CloseIdleConnections)
	return must(client.New(r.URL(), key, client.HTTPClient(&http.Client{Transport: transport})))(r.t)
}

// maker makes what a store holds, by the API.
type maker struct {
	*testing.T

	customer, operator *client.Client
	receiver           string // /STATUS answers with it
	known              *contents
}

func makeStore(t *testing.T, dir string) *contents {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, err := strconv.Atoi(r.URL.Path[1:])
		if err != nil {
			status = http.StatusNotFound
		}
		w.Header().Set("X-Receiver", "one, two")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "answered with \xff "+r.URL.Path)
	}))
	defer receiver.Close()
	s := run(t, dir)
	m := &maker{T: t, receiver: receiver.URL, known: &contents{
		Keys: s.Keys(), Settings: map[string]string{"first_keys": "", "first_keys_shown": ""},
	}}
	if err := s.Announced(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.customer, m.operator = s.client(s.Keys().APIKey), s.client(s.Keys().OperatorKey)
	m.accounts()
	m.endpoints()
	m.jobs()
	m.events()
	s.stop()
	m.markFailing(dir)
	return m.known
}

// markFailing does what a minute of failures does to an endpoint.
func (m *maker) markFailing(dir string) {
	s := openStore(m.T, dir)
	defer s.Close()
	account := m.known.Keys.AccountID
	for _, ep := range must(s.ListEndpoints(m.Context(), account, everything))(m.T) {
		if ep.Name == "later" {
			must(s.UpdateEndpoint(m.Context(), account, ep.ID, func(ep *ringback.Endpoint) error {
				ep.FailingSince = ep.CreatedAt
				return nil
			}))(m.T)
		}
	}
}

// wantPending waits until the deliveries that are pending are those of events
// of these types, and each has been tried.
func (m *maker) wantPending(types ...string) []client.Delivery {
	m.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	slices.Sort(types)
	for {
		l := must(m.customer.ListDeliveries(m.Context(), client.ListDeliveriesParams{Status: ringback.DeliveryPending}))(m.T)
		var got []string
		for _, d := range l.Items {
			if d.AttemptCount > 0 {
				got = append(got, d.EventType)
			}
		}
		if slices.Sort(got); len(got) == len(l.Items) && slices.Equal(got, types) {
			return l.Items
		}
		select {
		case <-deadline:
			m.Fatalf("pending and tried are %v, want %v", got, types)
		case <-tick.C:
		}
	}
}

func (m *maker) accounts() {
	ctx := m.Context()
	given := must(m.operator.CreateAccount(ctx, client.CreateAccountParams{
		Name: "given secret", CallbackProfile: "sharpapi", Secret: client.Set("a-secret-that-was-given"),
	}))(m.T)
	must(m.operator.CreateAccount(ctx, client.CreateAccountParams{
		Name: "unsigned", CallbackProfile: "unitary", Secret: client.Null[string](),
	}))(m.T)
	must(m.operator.CreateKey(ctx, client.CreateKeyParams{
		AccountID: given.ID, Name: "reads jobs", Scopes: []ringback.Scope{ringback.ScopeJobsRead},
	}))(m.T)
	must(m.operator.WithAccount(given.ID).SubmitJob(ctx, client.SubmitJobParams{Type: "of.another.account", Input: []int{1}}))(m.T)
}

func (m *maker) endpoints() {
	none := client.Set([]string{})
	for _, p := range []client.CreateEndpointParams{
		{Name: "delivered", URL: m.receiver + "/200", EventTypes: []string{"*"}, Headers: map[string]string{"X-Token": "hush", "X-Other": "two words"}},
		{Name: "given secret", URL: m.receiver + "/204", EventTypes: []string{"order.*"}, Profile: "github", Secret: client.Set("given-endpoint-secret"), IncludeResult: client.Set(false), TimeoutSeconds: 7},
		{Name: "fails", URL: m.receiver + "/500", EventTypes: []string{"order.paid"}, Profile: "unitary", Secret: client.Null[string](), RetrySchedule: none},
		{Name: "later", URL: m.receiver + "/503", EventTypes: []string{"order.late"}, RetrySchedule: client.Set([]string{"20s", "1h"})},
		{Name: "canceled", URL: m.receiver + "/503", EventTypes: []string{"order.off"}, RetrySchedule: client.Set([]string{"1h"})},
		{Name: "disabled", URL: m.receiver + "/200", EventTypes: []string{"*"}, Enabled: client.Set(false)},
		{Name: "gone", URL: m.receiver + "/410", EventTypes: []string{"order.gone"}},
	} {
		must(m.customer.CreateEndpoint(m.Context(), p))(m.T)
	}
}

func (m *maker) jobs() {
	ctx := m.Context()
	submit := func(p client.SubmitJobParams) {
		must(m.customer.SubmitJob(ctx, p))(m.T)
	}
	lease := func(kind string) client.LeasedJob {
		jobs := must(m.operator.LeaseJobs(ctx, client.LeaseJobsParams{Types: []string{kind}, LeaseSeconds: 3600}))(m.T)
		if len(jobs) != 1 {
			m.Fatalf("leased %d jobs of type %s", len(jobs), kind)
		}
		return jobs[0]
	}
	keyed := must(m.customer.SubmitJob(ctx, client.SubmitJobParams{
		Type: "queued", Input: map[string]any{"text": "ü", "n": 1e3}, Metadata: map[string]any{"order": 7}, IdempotencyKey: "job-key",
	}))(m.T)
	m.known.Idempotency = append(m.known.Idempotency, idempotencyKey{m.known.Keys.AccountID, "jobs", "job-key", keyed.ID})
	submit(client.SubmitJobParams{Type: "waiting", RunAt: time.Now().Add(time.Hour), MaxAttempts: 5, TimeoutSeconds: 60})
	submit(client.SubmitJobParams{
		Type: "done", Input: "in", CallbackURL: m.receiver + "/200", Profile: "sharpapi", ResourceID: "doc-1",
		Events: client.JobEvents{Succeeded: "doc.ready"}, Metadata: map[string]any{"a": nil},
	})
	done := lease("done")
	must(m.operator.CompleteJob(ctx, done.ID, client.CompleteJobParams{LeaseToken: done.LeaseToken, Result: map[string]any{"out": []int{1, 2}}}))(m.T)
	submit(client.SubmitJobParams{Type: "broken", CallbackURL: "http://127.0.0.1:1/nobody-listens", CallbackOnly: true, IncludeResult: client.Set(false)})
	broken := lease("broken")
	must(m.operator.FailJob(ctx, broken.ID, client.FailJobParams{LeaseToken: broken.LeaseToken, Error: "it broke"}))(m.T)
	off := must(m.customer.SubmitJob(ctx, client.SubmitJobParams{Type: "off"}))(m.T)
	must(m.customer.CancelJob(ctx, off.ID))(m.T)
	submit(client.SubmitJobParams{Type: "running", Input: 1})
	lease("running")
	submit(client.SubmitJobParams{Type: "again"})
	again := lease("again")
	must(m.operator.FailJob(ctx, again.ID, client.FailJobParams{LeaseToken: again.LeaseToken, Error: "not yet", Retry: true}))(m.T)
}

func (m *maker) events() {
	ctx := m.Context()
	paid := must(m.customer.PublishEvent(ctx, client.PublishEventParams{
		Type: "order.paid", ResourceID: "order-1", Data: map[string]any{"total": "9.99", "ü": true}, IdempotencyKey: "event-key",
	}))(m.T)
	m.known.Idempotency = append(m.known.Idempotency, idempotencyKey{m.known.Keys.AccountID, "events", "event-key", paid.ID})
	for _, kind := range []string{"order.late", "order.off", "order.gone", "order.nothing"} {
		must(m.customer.PublishEvent(ctx, client.PublishEventParams{Type: kind}))(m.T)
	}
	for _, d := range m.wantPending("job.failed", "order.late", "order.off") {
		if d.EventType == "order.off" {
			must(m.customer.CancelDelivery(ctx, d.ID))(m.T)
		}
	}
	failed := must(m.customer.ListDeliveries(ctx, client.ListDeliveriesParams{Status: ringback.DeliveryFailed, EventType: "order.paid"}))(m.T)
	for _, d := range failed.Items {
		must(m.customer.RetryDelivery(ctx, d.ID))(m.T) // a second attempt
	}
	m.wantPending("job.failed", "order.late")
}
