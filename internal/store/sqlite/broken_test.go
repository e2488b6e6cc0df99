package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	codes "modernc.org/sqlite/lib"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/internal/store/storetest"
	"github.com/ringback/ringback/ringback"
)

// TestBrokenDelivery claims deliveries among which some lack their event, or
// the job of their event.
func TestBrokenDelivery(t *testing.T) {
	for _, limit := range []int{100, 1} {
		var log bytes.Buffer
		c := config(t.TempDir())
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		s, err := sqlite.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		publish := scheduled(4)
		publish[1].Event.JobID = "job_gone"
		commit(t, s, publish[0], publish[1], publish[2], publish[3])
		change(t, s, "DELETE FROM events WHERE id IN (?, ?)", publish[0].Event.ID, publish[2].Event.ID)

		claim := &store.ClaimDeliveries{Lease: store.NewLease(1, 1), Now: publish[3].Deliveries[0].NextAttemptAt, Limit: limit, MaxBytes: 1 << 20}
		commit(t, s, claim)
		if len(claim.Claimed) != 1 || claim.Claimed[0].Event.ID != publish[3].Event.ID {
			t.Errorf("claimed %+v", claim.Claimed)
		}
		for i, reason := range []string{
			"its event " + publish[0].Event.ID + " is missing", "its job job_gone is missing",
			"its event " + publish[2].Event.ID + " is missing",
		} {
			want := publish[i].Deliveries[0].Delivery
			want.Status, want.Reason, want.NextAttemptAt = ringback.DeliveryFailed, reason, time.Time{}
			want.FinishedAt = claim.Now
			got, err := s.Delivery(t.Context(), want.AccountID, want.ID)
			if err != nil || *got != want {
				t.Errorf("got %+v, want %+v (%v)", got, want, err)
			}
			if !strings.Contains(log.String(), want.ID) {
				t.Errorf("the log does not name %s:\n%s", want.ID, log.String())
			}
		}
		closeStore(t, s)
	}
}

// scheduled gives events of one delivery each, due when they were made.
func scheduled(n int) []*store.PublishEvent {
	all := make([]*store.PublishEvent, n)
	ops, _ := storetest.PublishBatch(n, 1, 0)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i, op := range ops {
		p := op.(*store.PublishEvent)
		d := &p.Deliveries[0]
		p.Event.CreatedAt, d.CreatedAt, d.NextAttemptAt = at, at, at.Add(time.Duration(i)*time.Millisecond)
		d.Placement = store.Scheduled
		all[i] = p
	}
	return all
}

func change(t *testing.T, s *sqlite.Store, query string, args ...any) {
	t.Helper()
	if err := s.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// unknownOp is an operation that no driver knows.
type unknownOp struct{ store.Op }

// TestOperationsOwnErrors: what is wrong with one operation, or with the rows
// that it reads, does not fail the others.
func TestOperationsOwnErrors(t *testing.T) {
	s := openStore(t, t.TempDir())
	publish := scheduled(2)
	now := publish[1].Event.CreatedAt
	job := &ringback.Job{ID: "job_1", AccountID: "acc_1", Type: "t", CreatedAt: now}
	commit(t, s, publish[0], &store.SubmitJob{Job: job})
	change(t, s, "DELETE FROM events")
	change(t, s, "UPDATE jobs SET event_types = '{'")
	if err := s.Limit(t.Context(), codes.SQLITE_LIMIT_LENGTH, 100_000); err != nil {
		t.Fatal(err)
	}
	long := *publish[1].Event
	long.Data = json.RawMessage(bytes.Repeat([]byte("1"), 200_000))
	d := publish[0].Deliveries[0]
	for name, bad := range map[string]store.Op{
		"unknown":        unknownOp{},
		"id exists":      &store.SubmitJob{Job: job},
		"too big":        &store.PublishEvent{Event: &long},
		"missing row":    &store.RetryDelivery{DeliveryRef: store.DeliveryRef{AccountID: d.AccountID, ID: d.ID}, Placement: store.Placement{Lease: store.NewLease(1, 1)}, Now: now},
		"unreadable row": &store.LeaseJobs{Types: []string{"t"}, Max: 1, Now: now, Token: func(*ringback.Job) string { return "" }},
	} {
		err := s.Commit(t.Context(), []store.Op{publish[1], bad})
		if e, ok := errors.AsType[*store.OpError](err); !ok || e.Index != 1 {
			t.Errorf("%s: got %v, want an OpError about operation 1", name, err)
		}
	}
	commit(t, s, publish[1])
}

func TestOfDatabase(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "none", "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	memory, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	query := func(db *sql.DB, text string) error { return db.QueryRowContext(t.Context(), text).Scan(new(any)) }
	for _, c := range []struct {
		err  error
		want bool
	}{
		{driver.ErrBadConn, true},
		{fmt.Errorf("x: %w", sql.ErrConnDone), true},
		{context.Canceled, true},
		{context.DeadlineExceeded, true},
		{query(db, "SELECT 1"), true}, // SQLITE_CANTOPEN
		{query(memory, "SELECT zeroblob(2000000000)"), false},
		{query(memory, "SELECT abs(-9223372036854775808)"), false},
		{query(memory, "no SQL"), false},
		{sql.ErrNoRows, false},
		{store.ErrNotFound, false},
		{errors.New("x"), false},
	} {
		if c.err == nil || sqlite.OfDatabase(c.err) != c.want {
			t.Errorf("%v: want %v", c.err, c.want)
		}
	}
}

// A claim ends, though deliveries that lack their event are on both sides of one
// with which the limit in bytes is passed.
func TestBrokenAroundLarge(t *testing.T) {
	s := openStore(t, t.TempDir())
	publish := scheduled(2)
	gone, large := publish[0], publish[1]
	last := gone.Deliveries[0]
	last.ID = ringback.DeliveryID(gone.Event.ID, 1)
	last.NextAttemptAt = large.Deliveries[0].NextAttemptAt.Add(time.Millisecond)
	gone.Deliveries = append(gone.Deliveries, last)
	large.Event.Data = json.RawMessage(`{"a":"` + strings.Repeat("a", 1000) + `"}`)
	commit(t, s, gone, large)
	change(t, s, "DELETE FROM events WHERE id = ?", gone.Event.ID)
	claim := &store.ClaimDeliveries{Lease: store.NewLease(1, 1), Now: last.NextAttemptAt, Limit: 9, MaxBytes: 100}
	commit(t, s, claim)
	if len(claim.Claimed) != 1 || claim.Claimed[0].Event.ID != large.Event.ID {
		t.Errorf("claimed %+v", claim.Claimed)
	}
}
