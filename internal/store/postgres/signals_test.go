package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/ringback"
)

// heard is what a node was told.
type heard struct {
	mu  sync.Mutex
	all []store.Signal
}

func (h *heard) has(want ...store.Signal) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range want {
		if !slices.Contains(h.all, s) {
			return false
		}
	}
	return true
}

func (h *heard) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = nil
}

// listening has a store listen until the test ends, and waits until it does.
func listening(t *testing.T, s *postgres.Store) *heard {
	t.Helper()
	h := &heard{}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Signals(ctx, func(signal store.Signal) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.all = append(h.all, signal)
		}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		wg.Wait()
	})
	eventually(t, "it listens", func() bool { return h.has(store.Signal{Kind: store.SignalMissed}) })
	return h
}

// Other nodes are told; the teller itself, and other stores of the database, are
// not. What is long goes in several notes, and what is too long for any stands
// for everything.
func TestSignals(t *testing.T) {
	url := pgtest.Schema(t)
	a, b, elsewhere := openStore(t, url), openStore(t, url), openStore(t, pgtest.Schema(t))
	own, other, foreign := listening(t, a), listening(t, b), listening(t, elsewhere)
	for _, h := range []*heard{own, other, foreign} {
		h.forget()
	}
	var many []store.Signal
	for i := range 500 {
		many = append(many, store.Signal{Kind: store.SignalReady, AccountID: fmt.Sprintf("acc_%d", i), Name: strings.Repeat("é\"", i)})
	}
	last := store.Signal{Kind: store.SignalDue}
	if err := a.Signal(t.Context(), append(many, store.Signal{Kind: store.SignalParked, Name: strings.Repeat("q", 9000)}, last)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all is heard", func() bool { return other.has(last, store.Signal{Kind: store.SignalMissed}) && other.has(many...) })
	for _, s := range []*postgres.Store{b, elsewhere} { // so that a and elsewhere would have heard by now
		if err := s.Signal(t.Context(), []store.Signal{{Kind: store.SignalTimers}}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "it is told by another", func() bool { return own.has(store.Signal{Kind: store.SignalTimers}) })
	if own.has(last) || foreign.has(last) {
		t.Error("who is not meant was told")
	}
}

// Changes of the configuration are told by the store, and only when they are made.
func TestChangesAreTold(t *testing.T) {
	url := pgtest.Schema(t)
	a, b := openStore(t, url), openStore(t, url)
	h := listening(t, b)
	of := func(account string) store.Signal { return store.Signal{Kind: store.SignalAccount, AccountID: account} }
	endpoint := &ringback.Endpoint{ID: "ep_1", AccountID: "acc_1", Enabled: true}
	change := &store.ChangeEndpoint{AccountID: "acc_1", ID: "ep_1", Change: func(*ringback.Endpoint) error { return nil }}
	ctx := t.Context()
	for _, step := range []struct {
		what string
		do   func() error
		want store.Signal
	}{
		{"account", func() error { return a.InsertAccount(ctx, &ringback.Account{ID: "acc_0"}) }, of("acc_0")},
		{"key", func() error { return a.InsertKey(ctx, &ringback.Key{ID: "key_1"}, [32]byte{1}) }, store.Signal{Kind: store.SignalKeys}},
		{"endpoint", func() error { return a.InsertEndpoint(ctx, endpoint, 1) }, of("acc_1")},
		{"change of endpoint", func() error { return a.Commit(ctx, []store.Op{change}) }, of("acc_1")},
		{"event type", func() error { return a.InsertEventType(ctx, &ringback.EventType{Name: "t"}, 1) }, of("")},
		{"profile", func() error { return a.InsertProfile(ctx, &ringback.CustomProfile{AccountID: "acc_2", Name: "p"}, 1) }, of("acc_2")},
		{"deleted profile", func() error { return a.DeleteProfile(ctx, "acc_2", "p") }, of("acc_2")},
		{"deleted key", func() error { return a.DeleteKey(ctx, "key_1") }, store.Signal{Kind: store.SignalKeys}},
	} {
		h.forget()
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		eventually(t, step.what+" is told", func() bool { return h.has(step.want) })
	}
	h.forget()
	if err := a.InsertEndpoint(ctx, &ringback.Endpoint{ID: "ep_2", AccountID: "acc_1"}, 1); !errors.Is(err, store.ErrLimit) {
		t.Fatal(err)
	}
	if err := a.Signal(ctx, []store.Signal{{Kind: store.SignalDue}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what is told after it is heard", func() bool { return h.has(store.Signal{Kind: store.SignalDue}) })
	if h.has(of("acc_1")) {
		t.Error("a change that was not made was told")
	}
}

// After a connection was lost everything may have happened.
func TestSignalsAfterAReconnect(t *testing.T) {
	url := pgtest.Schema(t)
	a, b := openStore(t, url), openStore(t, url)
	h := listening(t, b)
	h.forget()
	terminate(t, connect(t, url), "LISTEN "+b.Channel())
	eventually(t, "it listens again", func() bool { return h.has(store.Signal{Kind: store.SignalMissed}) })
	due := store.Signal{Kind: store.SignalDue}
	if err := a.Signal(t.Context(), []store.Signal{due}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it hears again", func() bool { return h.has(due) })
}
