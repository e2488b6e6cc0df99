package server_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringback/ringback/internal/server"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// contents is all that a store of the tests holds, as the store's contract
// gives it. Secrets are in plain: they protect nothing.
type contents struct {
	Keys        server.Keys // their texts
	Settings    map[string]string
	Accounts    []*ringback.Account
	AccountKeys []*ringback.Key
	Endpoints   []*ringback.Endpoint
	Jobs        []*ringback.Job
	Events      []*ringback.Event
	Deliveries  []*ringback.Delivery
	Attempts    map[string][]ringback.Attempt // by delivery
	Idempotency []idempotencyKey
}

type idempotencyKey struct {
	AccountID, Route, Key string
	Made                  string // the id of what it made
}

// everything is a page that holds all that a store of the tests has.
var everything = store.Page{Limit: 1000}

// contentsOf reads a store. What cannot be listed is named by known.
func contentsOf(t *testing.T, s store.Store, known *contents) *contents {
	t.Helper()
	ctx, all := t.Context(), everything
	c := &contents{
		Keys: known.Keys, Idempotency: known.Idempotency,
		Settings: map[string]string{}, Attempts: map[string][]ringback.Attempt{},
	}
	for name := range known.Settings {
		c.Settings[name] = must(s.Setting(ctx, name))(t)
	}
	c.Accounts = must(s.ListAccounts(ctx, all))(t)
	c.AccountKeys = must(s.ListKeys(ctx, "", all))(t)
	for _, a := range c.Accounts {
		c.Endpoints = append(c.Endpoints, must(s.ListEndpoints(ctx, a.ID, all))(t)...)
		c.Jobs = append(c.Jobs, must(s.ListJobs(ctx, a.ID, store.JobFilter{}, all, 1<<30))(t)...)
		c.Events = append(c.Events, must(s.ListEvents(ctx, a.ID, store.EventFilter{}, all, 1<<30))(t)...)
		for _, d := range must(s.ListDeliveries(ctx, a.ID, store.DeliveryFilter{}, all))(t) {
			c.Deliveries = append(c.Deliveries, d)
			c.Attempts[d.ID] = must(s.ListAttempts(ctx, a.ID, d.ID, all.Limit))(t)
		}
	}
	return c
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantContents compares member by member as JSON has them. Members that are
// wanted by nobody are ignored: later versions may have more of them.
func wantContents(t *testing.T, got, want *contents) {
	t.Helper()
	if diff := cmp.Diff(asJSON(t, want), common(asJSON(t, got), asJSON(t, want))); diff != "" {
		t.Errorf("the store holds something else (-want +got):\n%s", diff)
	}
}

func asJSON(t *testing.T, v any) (out any) {
	t.Helper()
	raw := must(json.Marshal(v))(t)
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// common drops from got the members of objects that want does not have.
func common(got, want any) any {
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			return got
		}
		out := map[string]any{}
		for name, value := range have {
			if wanted, ok := want[name]; ok {
				out[name] = common(value, wanted)
			}
		}
		return out
	case []any:
		have, ok := got.([]any)
		if !ok || len(have) != len(want) {
			return got
		}
		out := make([]any, len(have))
		for i := range have {
			out[i] = common(have[i], want[i])
		}
		return out
	}
	return got
}
