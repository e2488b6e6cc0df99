package sqlite_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/ringback"
)

// TestListsDoNotDelayTheEngine holds all connections for lists, and reads what
// the engine needs.
func TestListsDoNotDelayTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, t.TempDir())
		ctx := t.Context()
		if err := s.InsertAccount(ctx, &ringback.Account{ID: "acc_1"}); err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		for range sqlite.Listers {
			go func() {
				if err := s.HoldRead(ctx, true, func() { <-release }); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		for name, list := range lists(s) {
			waiting, cancel := context.WithTimeout(ctx, time.Second)
			if err := list(waiting); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s does not wait for a connection for lists: %v", name, err)
			}
			cancel()
		}
		for name, read := range engineReads(s) {
			if err := read(ctx); err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		close(release)
		synctest.Wait()
	})
}

func lists(s *sqlite.Store) map[string]func(context.Context) error {
	page := store.Page{Limit: 1}
	return map[string]func(context.Context) error{
		"ListAccounts": func(ctx context.Context) error { _, err := s.ListAccounts(ctx, page); return err },
		"ListKeys":     func(ctx context.Context) error { _, err := s.ListKeys(ctx, "", page); return err },
		"ListKeys of an account": func(ctx context.Context) error {
			_, err := s.ListKeys(ctx, "acc_1", page)
			return err
		},
		"ListJobs": func(ctx context.Context) error {
			_, err := s.ListJobs(ctx, "acc_1", store.JobFilter{}, page, 1)
			return err
		},
		"ListEvents": func(ctx context.Context) error {
			_, err := s.ListEvents(ctx, "acc_1", store.EventFilter{}, page, 1)
			return err
		},
		"ListDeliveries": func(ctx context.Context) error {
			_, err := s.ListDeliveries(ctx, "acc_1", store.DeliveryFilter{}, page)
			return err
		},
		"ListDeliveries of a job": func(ctx context.Context) error {
			_, err := s.ListDeliveries(ctx, "acc_1", store.DeliveryFilter{JobID: "job_1"}, page)
			return err
		},
		"ListAttempts": func(ctx context.Context) error {
			_, err := s.ListAttempts(ctx, "acc_1", "dlv_1", 1)
			return err
		},
		"Backlog": func(ctx context.Context) error { _, err := s.Backlog(ctx, 1); return err },
	}
}

func engineReads(s *sqlite.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Account":   func(ctx context.Context) error { _, err := s.Account(ctx, "acc_1"); return err },
		"KeyByHash": func(ctx context.Context) error { _, err := s.KeyByHash(ctx, [32]byte{}); return err },
		"ListEndpoints": func(ctx context.Context) error {
			_, err := s.ListEndpoints(ctx, "acc_1", store.Page{Limit: 1})
			return err
		},
		"NextDue":            func(ctx context.Context) error { _, err := s.NextDue(ctx); return err },
		"ParkedQueues":       func(ctx context.Context) error { _, err := s.ParkedQueues(ctx); return err },
		"LeasedDeliveries":   func(ctx context.Context) error { _, err := s.LeasedDeliveries(ctx, 1); return err },
		"AbandonedEndpoints": func(ctx context.Context) error { _, err := s.AbandonedEndpoints(ctx, 1); return err },
		"ExpiredJobs": func(ctx context.Context) error {
			_, err := s.ExpiredJobs(ctx, time.Now(), 1, 1)
			return err
		},
		"NextJobTimes": func(ctx context.Context) error { _, _, err := s.NextJobTimes(ctx); return err },
		"Job":          func(ctx context.Context) error { _, err := s.Job(ctx, "acc_1", "job_1"); return err },
		"Event":        func(ctx context.Context) error { _, err := s.Event(ctx, "acc_1", "evt_1"); return err },
		"Delivery":     func(ctx context.Context) error { _, err := s.Delivery(ctx, "acc_1", "dlv_1"); return err },
	}
}

// TestListIsInterrupted ends lists that would never end, more of them than
// there are connections.
func TestListIsInterrupted(t *testing.T) {
	s := openStore(t, t.TempDir())
	for range sqlite.Listers + 1 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := s.EndlessList(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		cancel()
	}
	if _, err := s.ListAccounts(t.Context(), store.Page{Limit: 1}); err != nil {
		t.Error(err)
	}
}

// TestListsLookFirst: the driver interrupts a query before its first row alone,
// so that all the looking for rows must be done by then.
func TestListsLookFirst(t *testing.T) {
	s := openStore(t, t.TempDir())
	for _, name := range []string{"ListJobs", "ListEvents", "ListDeliveries"} {
		if err := lists(s)[name](t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.ListDeliveries(t.Context(), "acc_1",
		store.DeliveryFilter{Status: ringback.DeliveryFailed}, store.Page{Limit: 1}); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, plan := range plans(t, s, "ORDER BY id DESC LIMIT ?)") {
		seen++
		if !slices.ContainsFunc(plan, func(step string) bool { return strings.HasPrefix(step, "LIST SUBQUERY") }) {
			t.Errorf("run as\n%s", strings.Join(plan, "\n"))
		}
	}
	if seen != 4 {
		t.Errorf("looked at %d lists, want 4", seen)
	}
}

// TestAbandonedEndpointsSkip looks at the plan: each step goes to the next
// endpoint or account, and not to the next delivery. A range over both columns,
// "(account_id,endpoint_id)>(?,?)", would not.
func TestAbandonedEndpointsSkip(t *testing.T) {
	s := openStore(t, t.TempDir())
	if _, err := s.AbandonedEndpoints(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	const search = "SEARCH deliveries_open USING COVERING INDEX open_endpoint "
	for _, plan := range plans(t, s, "open_endpoint") {
		steps := slices.DeleteFunc(plan, func(step string) bool { return !strings.Contains(step, "deliveries_open") })
		slices.Sort(steps)
		want := []string{"(account_id=? AND endpoint_id>?)", "(account_id=? AND endpoint_id>?)", "(account_id>?)"}
		if got := strings.ReplaceAll(strings.Join(steps, "\n"), search, ""); got != strings.Join(want, "\n") {
			t.Errorf("run as\n%s", got)
		}
	}
}

// plans gives the plans of the statements that were run and contain the text.
func plans(t *testing.T, s *sqlite.Store, text string) [][]string {
	t.Helper()
	queries, err := s.Queries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for _, query := range queries {
		if !strings.Contains(query, text) {
			continue
		}
		plan, err := s.Plan(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, plan)
	}
	return all
}
