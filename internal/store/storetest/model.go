package storetest

import (
	"flag"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

var modelTests = map[string]func(*world){
	"deliveries": func(w *world) {
		w.fewerChecks()
		rapid.Check(w.T, func(rt *rapid.T) {
			// A fresh account for each run, in one store: what earlier runs left
			// behind must not matter.
			m := &model{w: w, rt: rt, account: w.id(ringback.PrefixAccount), rows: map[string]*modelRow{}}
			rt.Repeat(map[string]func(*rapid.T){
				"":              func(*rapid.T) { m.compare() },
				"publish":       func(*rapid.T) { m.publish() },
				"claim":         func(*rapid.T) { m.claim() },
				"place":         func(*rapid.T) { m.place() },
				"record":        func(*rapid.T) { m.record() },
				"retry":         func(*rapid.T) { m.retry() },
				"cancel":        func(*rapid.T) { m.cancel() },
				"cancelPending": func(*rapid.T) { m.cancelPending() },
			})
			m.settle()
		})
	},
}

// fewerChecks makes a tenth of the runs do with the race detector, unless the
// command line says how many.
func (w *world) fewerChecks() {
	const name = "rapid.checks"
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	checks := flag.Lookup(name)
	if given || !RaceDetector || checks == nil {
		return
	}
	before := checks.Value.String()
	w.check(flag.Set(name, "10"))
	w.Cleanup(func() { w.check(flag.Set(name, before)) })
}

// model is what deliveries should be like, kept in a map.
type model struct {
	w       *world
	rt      *rapid.T
	account string
	rows    map[string]*modelRow
	order   []string // ids, oldest first
}

type modelRow struct {
	d        ringback.Delivery
	p        store.Placement
	attempts int
}

func (m *model) pick() *modelRow {
	if len(m.order) == 0 {
		m.rt.Skip("no deliveries")
	}
	return m.rows[rapid.SampledFrom(m.order).Draw(m.rt, "id")]
}

func (m *model) placement() store.Placement {
	return rapid.SampledFrom([]store.Placement{store.Scheduled, m.w.leased(), {Queue: "a"}, {Queue: "b"}}).Draw(m.rt, "placement")
}

// queue makes names of queues the run's own.
func (m *model) queue(p store.Placement) store.Placement {
	if p.Queue != "" {
		p.Queue = m.account + p.Queue
	}
	return p
}

func (m *model) commit(op store.Op) {
	if err := m.w.s.Commit(m.w.ctx(), []store.Op{op}); err != nil {
		m.rt.Fatal(err)
	}
}

func (m *model) wantErr(what string, got, want error) {
	if got != want { //nolint:errorlint // the contract's own values
		m.rt.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func (m *model) publish() {
	e := m.w.newEvent("t")
	e.AccountID = m.account
	ds := m.w.deliveriesOf(e, rapid.IntRange(1, 3).Draw(m.rt, "n"), store.Scheduled)
	for i := range ds {
		p := m.queue(m.placement())
		ds[i].Placement = p
		m.rows[ds[i].ID] = &modelRow{d: ds[i].Delivery, p: p}
		m.order = append(m.order, ds[i].ID)
	}
	m.commit(&store.PublishEvent{Event: e, Deliveries: ds})
}

// claim claims from one of the run's queues, or what is due by now; the latter
// may be of earlier runs as well.
func (m *model) claim() {
	p := m.queue(m.placement())
	limit := rapid.IntRange(1, 3).Draw(m.rt, "limit")
	op := &store.ClaimDeliveries{Lease: m.w.held(), Queue: p.Queue, Now: m.w.tick(), Limit: limit, MaxBytes: anyBytes}
	m.commit(op)
	var want []string
	for _, r := range m.waiting(p.Queue, op.Now) {
		want = append(want, r.d.ID)
	}
	got := ids(op.Claimed, claimedID)
	if want = want[:min(limit, len(want))]; !slices.Equal(got, want) {
		m.rt.Fatalf("claimed %v, want %v", got, want)
	}
	for _, id := range got {
		m.rows[id].p = m.w.leased()
	}
}

// waiting gives what a claim may take, in its order.
func (m *model) waiting(queue string, now time.Time) []*modelRow {
	var rows []*modelRow
	for _, id := range m.order {
		r := m.rows[id]
		if r.d.Status == ringback.DeliveryPending && r.p.Lease == 0 && r.p.Queue == queue &&
			(queue != "" || !r.d.NextAttemptAt.After(now)) {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b *modelRow) int { return a.d.NextAttemptAt.Compare(b.d.NextAttemptAt) })
	return rows
}

func (m *model) place() {
	r, p := m.pick(), m.queue(m.placement())
	m.commit(&store.PlaceDelivery{DeliveryRef: ref(&r.d), From: m.w.held(), Placement: p})
	if r.p.Lease != 0 {
		r.p = p
	}
}

func (m *model) record() {
	r := m.pick()
	status := rapid.SampledFrom(ringback.DeliveryStatuses()).Draw(m.rt, "status")
	op := m.w.outcome(&r.d, r.d.AttemptCount+1, status)
	op.Step = rapid.IntRange(0, 3).Draw(m.rt, "step")
	op.NextAttemptAt = time.Time{}
	if status == ringback.DeliveryPending {
		op.NextAttemptAt = m.w.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(m.rt, "ms")) * time.Millisecond)
	}
	m.commit(op)
	switch {
	case r.d.Status == ringback.DeliveryPending && r.p.Lease != 0:
		m.wantErr("record", op.Err, nil)
		r.d.AttemptCount++
		r.attempts++
		r.d.Status, r.d.Reason, r.d.NextAttemptAt, r.d.Step = status, op.Reason, op.NextAttemptAt, op.Step
		if r.p = store.Scheduled; status != ringback.DeliveryPending {
			r.d.FinishedAt = op.Now
		}
	default:
		m.wantErr("record", op.Err, store.ErrFenced)
		r.attempts++
		r.d.AttemptCount++
		if r.d.Status == ringback.DeliveryCanceled && status == ringback.DeliveryDelivered {
			r.d.Status, r.d.Reason, r.d.FinishedAt = status, "", op.Now
		}
	}
}

func (m *model) retry() {
	r, p := m.pick(), m.queue(m.placement())
	op := &store.RetryDelivery{DeliveryRef: ref(&r.d), Placement: p, Now: m.w.tick()}
	m.commit(op)
	if r.p.Lease != 0 {
		m.wantErr("retry", op.Err, store.ErrFenced)
		return
	}
	m.wantErr("retry", op.Err, nil)
	if r.d.Status == ringback.DeliveryPending {
		r.d.Step = max(r.d.Step-1, 0)
	} else {
		r.d.Step = ringback.NoMoreSteps
	}
	r.d.Status, r.d.NextAttemptAt, r.d.FinishedAt, r.p = ringback.DeliveryPending, op.Now, time.Time{}, p
	if (op.Claimed != nil) != (p.Lease != 0) {
		m.rt.Fatalf("placed as %+v and loaded %v", p, op.Claimed)
	}
}

func (m *model) canceled(r *modelRow, reason string) {
	r.d.Status, r.d.Reason, r.d.FinishedAt = ringback.DeliveryCanceled, reason, m.w.now
	r.d.NextAttemptAt, r.p = time.Time{}, store.Placement{}
}

func (m *model) cancel() {
	r := m.pick()
	op := &store.CancelDelivery{DeliveryRef: ref(&r.d), Now: m.w.tick(), Reason: "by hand"}
	m.commit(op)
	if r.d.Status != ringback.DeliveryPending {
		m.wantErr("cancel", op.Err, store.ErrFenced)
		return
	}
	m.wantErr("cancel", op.Err, nil)
	m.canceled(r, op.Reason)
}

func (m *model) cancelPending() {
	op := &store.CancelPending{
		AccountID: m.account, EndpointID: "ep_1", CreatedBefore: m.w.now, Limit: 1000, Now: m.w.tick(), Reason: "gone",
	}
	m.commit(op)
	n := 0
	for _, r := range m.rows {
		if r.d.Status == ringback.DeliveryPending && r.d.EndpointID == "ep_1" && r.d.CreatedAt.Before(op.CreatedBefore) {
			m.canceled(r, op.Reason)
			n++
		}
	}
	if len(op.Canceled) != n {
		m.rt.Fatalf("canceled %d, want %d", len(op.Canceled), n)
	}
}

// compare checks each delivery, where it waits, and the list of them all.
func (m *model) compare() {
	listed, err := m.w.s.ListDeliveries(m.w.ctx(), m.account, store.DeliveryFilter{}, all)
	if err != nil || len(listed) != len(m.order) {
		m.rt.Fatalf("listed %d, want %d (%v)", len(listed), len(m.order), err)
	}
	slices.Reverse(listed)
	var wantLeased []string
	for i, id := range m.order {
		r, got := m.rows[id], *listed[i]
		want := r.d
		got.Reason, want.Reason = "", "" // what a retry does to it is the driver's choice
		if got != want {
			m.rt.Fatalf("got %+v, want %+v", got, want)
		}
		if attempts := m.w.attempts(&r.d, 1000); len(attempts) != r.attempts {
			m.rt.Fatalf("%s has %d attempts, want %d", id, len(attempts), r.attempts)
		}
		if r.p.Lease != 0 && r.d.Status == ringback.DeliveryPending {
			wantLeased = append(wantLeased, id)
		}
	}
	slices.Sort(wantLeased)
	if got := m.w.leasedIDs(); !slices.Equal(got, wantLeased) {
		m.rt.Fatalf("leased %v, want %v", got, wantLeased)
	}
}

// settle ends what is pending, so that the next run's claims find only its own.
func (m *model) settle() {
	for _, id := range m.order {
		m.commit(&store.CancelDelivery{DeliveryRef: ref(&m.rows[id].d), Now: m.w.tick()})
	}
}
