package client_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

// Every operation against a real server: a job from submission to its delivery.
func TestJobLife(t *testing.T) {
	w, ctx := start(t), t.Context()
	ep, err := w.customer.CreateEndpoint(ctx, client.CreateEndpointParams{
		URL: w.url + "/nobody", EventTypes: []string{"job.*"}, RetrySchedule: client.Set([]string{"1h"}),
	})
	if err != nil || ep.Secret == "" || !ep.Signed || !ep.Enabled {
		t.Fatal(ep, err)
	}
	job, err := w.customer.SubmitJob(ctx, client.SubmitJobParams{Type: "a", Input: map[string]int{"n": 1}, Metadata: map[string]string{"k": "v"}, IdempotencyKey: "one"})
	if err != nil || job.Status != ringback.JobQueued || string(job.Input) != `{"n":1}` || job.Replayed {
		t.Fatal(job, err)
	}
	again, err := w.customer.SubmitJob(ctx, client.SubmitJobParams{Type: "a", Input: map[string]int{"n": 1}, Metadata: map[string]string{"k": "v"}, IdempotencyKey: "one"})
	if err != nil || again.ID != job.ID || !again.Replayed {
		t.Fatal(again, err)
	}
	leases, err := w.operator.LeaseJobs(ctx, client.LeaseJobsParams{Types: []string{"a"}, LeaseSeconds: 60})
	if err != nil || len(leases) != 1 || leases[0].ID != job.ID || leases[0].AccountID != w.keys.AccountID {
		t.Fatal(leases, err)
	}
	token := leases[0].LeaseToken
	if end, err := w.operator.HeartbeatJob(ctx, job.ID, client.HeartbeatJobParams{LeaseToken: token, LeaseSeconds: 90}); err != nil || !end.After(leases[0].LeaseExpiresAt) {
		t.Error(end, err)
	}
	for range 2 { // it may be repeated
		if done, err := w.operator.CompleteJob(ctx, job.ID, client.CompleteJobParams{LeaseToken: token, Result: []int{1}, ResourceID: "doc"}); err != nil || done.Status != ringback.JobSucceeded {
			t.Fatal(done, err)
		}
	}
	_, err = w.operator.FailJob(ctx, job.ID, client.FailJobParams{LeaseToken: token, Error: "no"})
	if !errors.Is(err, &client.Error{Code: ringback.CodeJobFinished, Status: 409}) {
		t.Error(err)
	}
	done, err := w.customer.GetJob(ctx, job.ID, client.GetJobParams{WaitSeconds: 1})
	if err != nil || string(done.Result) != `[1]` || done.FinishedAt.IsZero() || !done.LeaseExpiresAt.IsZero() {
		t.Error(done, err)
	}
	resource, err := w.customer.GetResource(ctx, "doc")
	if err != nil || resource.Job == nil || resource.Job.ID != job.ID || len(resource.Events) != 1 {
		t.Fatal(resource, err)
	}
	deliveries, err := w.customer.ListDeliveries(ctx, client.ListDeliveriesParams{JobID: job.ID})
	if err != nil || len(deliveries.Items) != 1 || deliveries.Items[0].EndpointID != ep.ID {
		t.Fatal(deliveries, err)
	}
	id := deliveries.Items[0].ID
	// It is pending: its first attempt fails, and the next is an hour away.
	if d, err := w.customer.CancelDelivery(ctx, id); err != nil || d.Status != ringback.DeliveryCanceled {
		t.Error(d, err)
	}
	if d, err := w.customer.RetryDelivery(ctx, id); err != nil || d.ID != id {
		t.Error(d, err)
	}
	if d, err := w.customer.GetDelivery(ctx, id); err != nil || d.EventID != resource.Events[0].ID {
		t.Error(d, err)
	}
}

func TestEndpointsAndAccounts(t *testing.T) {
	w, ctx := start(t), t.Context()
	account, err := w.operator.CreateAccount(ctx, client.CreateAccountParams{Name: "ACME", CallbackProfile: "unitary", Secret: client.Null[string]()})
	if err != nil || account.Signed || account.Secret != "" {
		t.Fatal(account, err)
	}
	acme := w.operator.WithAccount(account.ID)
	if own, err := acme.UpdateOwnAccount(ctx, client.UpdateAccountParams{Secret: client.Set("a secret of theirs")}); err != nil || !own.Signed || own.Name != "ACME" {
		t.Error(own, err)
	}
	if s, err := acme.GetOwnAccountSecret(ctx); err != nil || s.Secret != "a secret of theirs" {
		t.Error(s, err)
	}
	if a, err := w.operator.UpdateAccount(ctx, account.ID, client.UpdateAccountParams{Name: client.Set("Acme")}); err != nil || a.Name != "Acme" || !a.Signed {
		t.Error(a, err)
	}
	key, err := w.operator.CreateKey(ctx, client.CreateKeyParams{AccountID: account.ID, Name: "k", Scopes: []ringback.Scope{ringback.ScopeJobsRead}})
	if err != nil || key.Text == "" || !slices.Equal(key.Scopes, []ringback.Scope{ringback.ScopeJobsRead}) {
		t.Fatal(key, err)
	}
	if got, err := w.operator.GetKey(ctx, key.ID); err != nil || got.Name != "k" {
		t.Error(got, err)
	}
	if err := w.operator.DeleteKey(ctx, key.ID); err != nil {
		t.Error(err)
	}
	if _, err := w.operator.GetKey(ctx, key.ID); client.CodeOf(err) != ringback.CodeNotFound {
		t.Error(err)
	}
	ep, err := acme.CreateEndpoint(ctx, client.CreateEndpointParams{URL: "https://x.example", EventTypes: []string{"*"}, Headers: map[string]string{"X-A": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	changed, err := acme.UpdateEndpoint(ctx, ep.ID, client.UpdateEndpointParams{RetrySchedule: client.Set([]string{}), Enabled: client.Set(false)})
	if err != nil || len(changed.RetrySchedule) != 0 || changed.Enabled || changed.Headers["X-A"] != "1" {
		t.Error(changed, err)
	}
	if s, err := acme.GetEndpointSecret(ctx, ep.ID); err != nil || s.Secret != ep.Secret {
		t.Error(s, err)
	}
	if err := acme.DeleteEndpoint(ctx, ep.ID); err != nil {
		t.Error(err)
	}
	if _, err := acme.GetEndpoint(ctx, ep.ID); client.CodeOf(err) != ringback.CodeNotFound {
		t.Error(err)
	}
	for _, health := range []func() (*client.Health, error){
		func() (*client.Health, error) { return w.customer.GetHealth(ctx) },
		func() (*client.Health, error) { return w.customer.GetReadiness(ctx) },
	} {
		if h, err := health(); err != nil || h.Status != "ok" {
			t.Error(h, err)
		}
	}
}

func TestPublishEvents(t *testing.T) {
	w, ctx := start(t), t.Context()
	p := client.PublishEventsParams{
		Events:         []client.PublishEventParams{{Type: "a", Data: map[string]int{"n": 1}}, {Type: "a b"}, {Type: "b", ResourceID: "r"}},
		IdempotencyKey: "k",
	}
	results, err := w.customer.PublishEvents(ctx, p)
	if err != nil || len(results) != 3 || results[0].Error != nil || results[2].ID == "" {
		t.Fatal(results, err)
	}
	if e := results[1].Error; e == nil || e.Code != ringback.CodeInvalid || e.Field != "type" || !strings.HasPrefix(e.Error(), "type: ") || results[1].ID != "" {
		t.Errorf("%+v", results[1])
	}
	again, err := w.customer.PublishEvents(ctx, p)
	if err != nil || again[0].ID != results[0].ID || again[2].ID != results[2].ID {
		t.Error(again, err)
	}
	if e, err := w.customer.GetEvent(ctx, results[2].ID); err != nil || e.Type != "b" || e.ResourceID != "r" {
		t.Error(e, err)
	}
	p.Events = p.Events[:1]
	if _, err := w.customer.PublishEvents(ctx, p); client.CodeOf(err) != ringback.CodeIdempotencyMismatch {
		t.Error(err)
	}
}

func TestEventTypes(t *testing.T) {
	w, ctx := start(t), t.Context()
	made, err := w.customer.CreateEventType(ctx, client.CreateEventTypeParams{Name: "a", Description: "d", Schema: map[string]any{"required": []string{"n"}}})
	if err != nil || made.Owner != "account" || string(made.Schema) != `{"required":["n"]}` {
		t.Fatal(made, err)
	}
	if _, err := w.customer.PublishEvent(ctx, client.PublishEventParams{Type: "a"}); client.CodeOf(err) != ringback.CodeSchemaMismatch {
		t.Error(err)
	}
	changed, err := w.customer.UpdateEventType(ctx, "a", client.UpdateEventTypeParams{Schema: client.Null[any](), Archived: client.Set(true)})
	if err != nil || changed.Schema != nil || !changed.Archived || changed.Description != "d" {
		t.Error(changed, err)
	}
	if got, err := w.customer.GetEventType(ctx, "a"); err != nil || !got.Archived {
		t.Error(got, err)
	}
	imported, err := w.operator.ImportEventTypes(ctx, "inkit")
	if err != nil || imported.Created != 19 || len(imported.Items) != 19 || imported.Items[0].Owner != "operator" {
		t.Error(imported, err)
	}
	if n := counted(t, w.customer.AllEventTypes(ctx, client.Page{Limit: 7})); n != 20 {
		t.Errorf("%d event types", n)
	}
	if err := w.customer.DeleteEventType(ctx, "a"); err != nil {
		t.Error(err)
	}
	if _, err := w.customer.GetEventType(ctx, "a"); client.CodeOf(err) != ringback.CodeNotFound {
		t.Error(err)
	}
}

func TestProfiles(t *testing.T) {
	w, ctx := start(t), t.Context()
	made, err := w.customer.CreateProfile(ctx, client.CreateProfileParams{
		Name: "acme", Shape: "raw", Header: "X-Acme", Prefix: "v=", RetrySchedule: client.Set([]string{"7s"}), IncludeResult: client.Set(false),
	})
	if err != nil || made.Owner != "account" || made.Algorithm != "hmac-sha256" || made.Example.Headers["X-Acme"] == "" || made.Example.Secret == "" || made.IncludeResult {
		t.Fatal(made, err)
	}
	changed, err := w.customer.UpdateProfile(ctx, "acme", client.UpdateProfileParams{
		Algorithm: client.Set("ed25519"), RetrySchedule: client.Null[[]string](), UserAgent: client.Set("Acme/1"),
	})
	if err != nil || changed.Prefix != "v=" || len(changed.RetrySchedule) != 7 || changed.UserAgent != "Acme/1" || changed.Example.PublicKey == "" {
		t.Error(changed, err)
	}
	if _, err := w.operator.CreateProfile(ctx, client.CreateProfileParams{Name: "all", Shape: "standard", Header: "X-All"}); err != nil {
		t.Error(err)
	}
	if got, err := w.customer.GetProfile(ctx, "all"); err != nil || got.Owner != "operator" {
		t.Error(got, err)
	}
	if n := counted(t, w.customer.AllProfiles(ctx, client.Page{Limit: 2})); n != 9 {
		t.Errorf("%d profiles", n)
	}
	ep, err := w.customer.CreateEndpoint(ctx, client.CreateEndpointParams{URL: "http://127.0.0.1:9", EventTypes: []string{"*"}, Profile: "acme"})
	if err != nil || ep.PublicKey == "" || ep.Secret != "" {
		t.Fatal(ep, err)
	}
	if err := w.customer.DeleteProfile(ctx, "acme"); client.CodeOf(err) != ringback.CodeProfileInUse {
		t.Error(err)
	}
	if err := w.customer.DeleteEndpoint(ctx, ep.ID); err != nil {
		t.Error(err)
	}
	if err := w.customer.DeleteProfile(ctx, "acme"); err != nil {
		t.Error(err)
	}
	if _, err := w.customer.GetProfile(ctx, "acme"); client.CodeOf(err) != ringback.CodeNotFound {
		t.Error(err)
	}
}

// The iterators go through all pages, and stop when they are told to.
func TestAll(t *testing.T) {
	w, ctx := start(t), t.Context()
	for i := range 5 {
		if _, err := w.customer.PublishEvent(ctx, client.PublishEventParams{Type: "a", Data: map[string]int{"n": i}}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for e, err := range w.customer.AllEvents(ctx, client.ListEventsParams{Type: "a", Page: client.Page{Limit: 2}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(e.Data))
	}
	if want := []string{`{"n":4}`, `{"n":3}`, `{"n":2}`, `{"n":1}`, `{"n":0}`}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	n := 0
	for range w.customer.AllEvents(ctx, client.ListEventsParams{Page: client.Page{Limit: 1}}) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("it went on to %d", n)
	}
	failed := 0
	for _, err := range w.customer.AllAccounts(ctx, client.Page{}) {
		if client.CodeOf(err) != ringback.CodeOperatorOnly {
			t.Error(err)
		}
		failed++
	}
	if failed != 1 {
		t.Errorf("%d errors", failed)
	}
	count := func(name string, n, want int) {
		t.Helper()
		if n != want {
			t.Errorf("%s: %d, want %d", name, n, want)
		}
	}
	count("jobs", counted(t, w.customer.AllJobs(ctx, client.ListJobsParams{})), 0)
	count("deliveries", counted(t, w.customer.AllDeliveries(ctx, client.ListDeliveriesParams{})), 0)
	count("endpoints", counted(t, w.customer.AllEndpoints(ctx, client.Page{})), 0)
	count("accounts", counted(t, w.operator.AllAccounts(ctx, client.Page{Limit: 1})), 1)
	count("keys", counted(t, w.operator.AllKeys(ctx, client.ListKeysParams{AccountID: w.keys.AccountID})), 1)
}

func counted[T any](t *testing.T, all func(func(*T, error) bool)) (n int) {
	t.Helper()
	for v, err := range all {
		if err != nil || fmt.Sprint(v) == "" {
			t.Error(err)
		}
		n++
	}
	return n
}
