package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// SeedParams say what a store is filled with.
type SeedParams struct {
	Dir       string // of an embedded database that no server has open
	URL       string // of a PostgreSQL database that no server uses, instead of Dir
	MasterKey string // base64 of 32 bytes; "" = DIR/master.key, needed with URL
	AccountID string // whose events they are; "" = the first account that is not the operator's
	Events    int    // each with one delivery, which was answered at the first attempt
	Progress  func(done int)
}

// Seed adds delivered events to a store as fast as it takes them, through the
// same operations as the server's.
func Seed(ctx context.Context, p SeedParams) error {
	s, err := place{dir: p.Dir, url: p.URL, masterKey: p.MasterKey}.open(ctx)
	if err != nil {
		return err
	}
	err = seed(ctx, s, p)
	return errors.Join(err, s.Close())
}

// seedBatch is how many events one transaction has.
const seedBatch = 1000

func seed(ctx context.Context, s store.Store, p SeedParams) (err error) {
	epoch, err := s.Join(ctx, "bench seed")
	if err != nil {
		return err
	}
	// Also after an interrupt: a server that starts would wait for it to be dead.
	defer func() { err = errors.Join(err, s.EndEpoch(context.WithoutCancel(ctx), epoch)) }()
	if err := alone(ctx, s, epoch); err != nil {
		return err
	}
	e, err := seedEndpoint(ctx, s, p.AccountID)
	if err != nil {
		return err
	}
	lease := store.NewLease(epoch, 1)
	for done := 0; done < p.Events; {
		n := min(seedBatch, p.Events-done)
		ops := make([]store.Op, 0, 2*n)
		for i := range n {
			ops = append(ops, delivered(e, lease, done+i, time.Now())...)
		}
		if err := s.Commit(ctx, ops); err != nil {
			return fmt.Errorf("after %d events: %w", done, err)
		}
		done += n
		if p.Progress != nil {
			p.Progress(done)
		}
	}
	return nil
}

// aloneFor is how long the other nodes are watched: one that lives counts up
// every second.
const aloneFor = 3 * time.Second

// alone fails if a server runs on the store. It would wait for a node that only
// writes to send what belongs to it.
func alone(ctx context.Context, s store.Store, epoch int64) error {
	before, err := s.Beat(ctx, epoch)
	if err != nil || before.Alone || len(before.Nodes) == 1 {
		return err
	}
	if err := pause.For(ctx, aloneFor); err != nil {
		return err
	}
	after, err := s.Beat(ctx, epoch)
	if err != nil {
		return err
	}
	counts := make(map[int64]int64)
	for _, n := range before.Nodes {
		counts[n.Epoch] = n.Count
	}
	for _, n := range after.Nodes {
		if n.Epoch != epoch && n.Count != counts[n.Epoch] {
			return fmt.Errorf("the server %q runs on this store; stop it first", n.Name)
		}
	}
	return nil
}

// seedEndpoint makes the endpoint that the events went to. Nothing else is
// ever sent there: its name is reserved (RFC 2606), and nobody publishes its type.
func seedEndpoint(ctx context.Context, s store.Store, accountID string) (*ringback.Endpoint, error) {
	if accountID == "" {
		var err error
		if accountID, err = firstAccount(ctx, s); err != nil {
			return nil, err
		}
	}
	if _, err := s.Account(ctx, accountID); errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("there is no account %q in this store", accountID)
	} else if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	e := &ringback.Endpoint{
		ID: ringback.NewID(ringback.PrefixEndpoint, now), AccountID: accountID, Name: "filled by bench seed",
		URL: "https://seed.invalid/hook", EventTypes: []string{"bench.seeded"}, Profile: "standard", Secret: webhook.GenerateSecret(),
		Enabled: true, IncludeResult: true, Timeout: ringback.DefaultAttemptTimeout, CreatedAt: now, UpdatedAt: now,
	}
	return e, s.InsertEndpoint(ctx, e, ringback.MaxEndpoints)
}

// firstAccount gives the oldest account that is not the operator's.
func firstAccount(ctx context.Context, s store.Store) (id string, err error) {
	for before := ""; ; {
		all, err := s.ListAccounts(ctx, store.Page{Limit: 1000, Before: before})
		if err != nil {
			return "", err
		}
		if len(all) == 0 {
			break
		}
		for _, a := range all {
			if a.ID != ringback.OperatorAccountID {
				id = a.ID
			}
		}
		before = all[len(all)-1].ID
	}
	if id == "" {
		return "", errors.New("the store has no account but the operator's; make one, or name that one")
	}
	return id, nil
}

// delivered gives the operations of an event and its delivery.
func delivered(to *ringback.Endpoint, lease store.Lease, n int, now time.Time) []store.Op {
	now = now.UTC().Truncate(time.Microsecond)
	e := &ringback.Event{
		ID: ringback.NewID(ringback.PrefixEvent, now), AccountID: to.AccountID, Type: cmp.Or(to.EventTypes...),
		Data: appendData(nil, n, now.UnixMicro()), CreatedAt: now,
	}
	d := ringback.Delivery{
		ID: ringback.DeliveryID(e.ID, 0), AccountID: e.AccountID, EventID: e.ID, EventType: e.Type, EndpointID: to.ID,
		URL: to.URL, Profile: to.Profile, Status: ringback.DeliveryPending, NextAttemptAt: now, CreatedAt: now,
	}
	return []store.Op{
		&store.PublishEvent{Event: e, Deliveries: []store.NewDelivery{{Delivery: d, Placement: store.Placement{Lease: lease}}}},
		&store.RecordAttempt{
			DeliveryRef: store.DeliveryRef{AccountID: d.AccountID, ID: d.ID}, Lease: lease,
			Attempt: ringback.Attempt{
				Number: 1, StartedAt: now, Duration: 5 * time.Millisecond, StatusCode: http.StatusOK,
				RequestHeaders: http.Header{
					"User-Agent": {"Ringback"}, "Content-Type": {"application/json"}, "Webhook-Id": {d.MessageID()}, "Webhook-Attempt": {"1"},
				},
				ResponseHeaders: http.Header{"Content-Length": {"0"}},
			},
			Status: ringback.DeliveryDelivered, Now: now, URL: d.URL, Profile: d.Profile,
		},
	}
}
