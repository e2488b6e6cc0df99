package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// Each list is read page by page under every combination of filters and
// compared with what a plain loop selects from what was made.
var listTests = map[string]func(*world){
	"deliveries": func(w *world) {
		events := 250
		if RaceDetector {
			events = 50
		}
		made := slices.DeleteFunc(w.mixedDeliveries(events), func(d *ringback.Delivery) bool {
			return d.AccountID != w.account
		})
		mid := made[len(made)/2]
		for _, f := range deliveryFilters(mid, made[len(made)/4].CreatedAt, made[len(made)*3/4].CreatedAt) {
			var want []string
			for _, d := range slices.Backward(made) {
				if deliveryMatches(f, d) {
					want = append(want, d.ID)
				}
			}
			got := paged(w, 7, func(p store.Page) ([]string, error) {
				ds, err := w.s.ListDeliveries(w.ctx(), w.account, f, p)
				return ids(ds, deliveryID), err
			})
			w.equal(fmt.Sprintf("%+v", f), got, want)
		}
		listed, err := w.s.ListDeliveries(w.ctx(), w.account, store.DeliveryFilter{}, all)
		w.check(err)
		for _, d := range listed {
			w.equal("whole", d, w.delivery(d))
		}
	},
	"jobs": func(w *world) {
		made := w.mixedJobs(60)
		since, until := made[14].CreatedAt, made[44].CreatedAt // of this account
		for _, status := range append(ringback.JobStatuses(), "") {
			for _, kind := range []string{"", "t1", "none"} {
				for _, resource := range []string{"", "res-1"} {
					for _, span := range spans(since, until) {
						f := store.JobFilter{Status: status, Type: kind, ResourceID: resource, Span: span}
						w.compareJobs(f, made)
					}
				}
			}
		}
	},
	"events": func(w *world) {
		made := w.mixedEvents(60)
		since, until := made[14].CreatedAt, made[44].CreatedAt // of this account
		for _, kind := range []string{"", "t1", "none"} {
			for _, resource := range []string{"", "res-1"} {
				for _, job := range []string{"", "job_2"} {
					for _, span := range spans(since, until) {
						f := store.EventFilter{Type: kind, ResourceID: resource, JobID: job, Span: span}
						w.compareEvents(f, made)
					}
				}
			}
		}
	},
	"unknown statuses match nothing": func(w *world) {
		w.submit("t")
		w.publish(store.Scheduled)
		jobs, err := w.s.ListJobs(w.ctx(), w.account, store.JobFilter{Status: "odd"}, all, anyBytes)
		w.check(err)
		w.equal("jobs", len(jobs), 0)
		ds, err := w.s.ListDeliveries(w.ctx(), w.account, store.DeliveryFilter{Status: "odd"}, all)
		w.check(err)
		w.equal("deliveries", len(ds), 0)
	},
}

func spans(since, until time.Time) []store.Span {
	return []store.Span{{}, {Since: since}, {Until: until}, {Since: since, Until: until}, {Since: until, Until: since}}
}

func within(s store.Span, at time.Time) bool {
	return (s.Since.IsZero() || !at.Before(s.Since)) && (s.Until.IsZero() || at.Before(s.Until))
}

func matches(filter, value string) bool { return filter == "" || filter == value }

func deliveryFilters(d *ringback.Delivery, since, until time.Time) []store.DeliveryFilter {
	var out []store.DeliveryFilter
	for _, status := range append(ringback.DeliveryStatuses(), "") {
		for _, endpoint := range []string{"", "ep_1"} {
			for _, kind := range []string{"", "t1"} {
				for _, refs := range [][2]string{{}, {d.EventID, ""}, {"", "job_3"}, {"", "job_none"}, {d.EventID, "job_3"}} {
					for _, span := range spans(since, until) {
						out = append(out, store.DeliveryFilter{
							Status: status, EndpointID: endpoint, EventType: kind,
							EventID: refs[0], JobID: refs[1], Span: span,
						})
					}
				}
			}
		}
	}
	return out
}

func deliveryMatches(f store.DeliveryFilter, d *ringback.Delivery) bool {
	return matches(string(f.Status), string(d.Status)) && matches(f.EndpointID, d.EndpointID) &&
		matches(f.EventType, d.EventType) && matches(f.EventID, d.EventID) && matches(f.JobID, d.JobID) &&
		within(f.Span, d.CreatedAt)
}

// mixedDeliveries makes n events of two accounts, with three deliveries each
// in every state, and gives all deliveries, oldest first.
func (w *world) mixedDeliveries(n int) []*ringback.Delivery {
	accounts := []string{w.account, w.id(ringback.PrefixAccount)}
	placements := []store.Placement{w.leased(), store.Scheduled, {Queue: "q"}, w.leased(), w.leased(), w.leased()}
	var made []*ringback.Delivery
	var publish, settle []store.Op
	for i := range n {
		e := w.newEvent(fmt.Sprintf("t%d", i%3))
		e.AccountID = accounts[i%7%2]
		if i%4 == 0 {
			e.JobID = fmt.Sprintf("job_%d", i%10)
		}
		ds := w.deliveriesOf(e, 3, w.leased())
		for k := range ds {
			d := &ds[k].Delivery
			state := (i + k) % len(placements)
			ds[k].Placement = placements[state]
			if state >= 3 {
				final := ringback.DeliveryStatuses()[state-2]
				settle = append(settle, w.outcome(d, 1, final))
			}
		}
		publish = append(publish, &store.PublishEvent{Event: e, Deliveries: ds})
		for k := range ds {
			made = append(made, &ds[k].Delivery)
		}
	}
	w.commit(publish...)
	w.commit(settle...)
	for _, op := range settle {
		record := op.(*store.RecordAttempt)
		w.check(record.Err)
		at := slices.IndexFunc(made, func(d *ringback.Delivery) bool { return d.ID == record.ID })
		made[at].Status = record.Status
	}
	return made
}

func (w *world) mixedJobs(n int) []*ringback.Job {
	accounts := []string{w.account, w.id(ringback.PrefixAccount)}
	var made []*ringback.Job
	for i := range n {
		w.account = accounts[i%7%2]
		j := w.newJob(fmt.Sprintf("t%d", i%3))
		if i%4 < 2 {
			j.ResourceID = fmt.Sprintf("res-%d", i%4)
		}
		w.commit(&store.SubmitJob{Job: j})
		made = append(made, j)
	}
	w.account = accounts[0]
	for i, j := range w.leaseAs("", n, "t0", "t1", "t2") {
		if final := ringback.JobStatuses()[i%5]; final.Final() {
			done := w.finishing(j, final, 0)
			done.Job.ResourceID = j.ResourceID
			w.commit(done)
			w.check(done.Err)
		} else if final == ringback.JobQueued {
			w.commit(&store.RequeueJob{AccountID: j.AccountID, JobID: j.ID, Token: j.LeaseToken, Now: w.tick(), RunAt: w.now})
		}
	}
	for i, j := range made {
		made[i] = w.job(j)
	}
	return made
}

func (w *world) compareJobs(f store.JobFilter, made []*ringback.Job) {
	w.Helper()
	var want []string
	for _, j := range slices.Backward(made) {
		if j.AccountID == w.account && matches(string(f.Status), string(j.Status)) && matches(f.Type, j.Type) &&
			matches(f.ResourceID, j.ResourceID) && within(f.Span, j.CreatedAt) {
			want = append(want, j.ID)
		}
	}
	w.equal(fmt.Sprintf("%+v", f), paged(w, 7, func(p store.Page) ([]string, error) {
		got, err := w.s.ListJobs(w.ctx(), w.account, f, p, anyBytes)
		return ids(got, jobID), err
	}), want)
}

func (w *world) mixedEvents(n int) []*ringback.Event {
	other := w.id(ringback.PrefixAccount)
	var made []*ringback.Event
	for i := range n {
		e := w.newEvent(fmt.Sprintf("t%d", i%3))
		if i%7%2 == 1 {
			e.AccountID = other
		}
		if i%4 < 2 {
			e.ResourceID = fmt.Sprintf("res-%d", i%4)
		}
		if i%5 < 3 {
			e.JobID = fmt.Sprintf("job_%d", i%5)
		}
		w.commit(&store.PublishEvent{Event: e})
		made = append(made, e)
	}
	return made
}

func (w *world) compareEvents(f store.EventFilter, made []*ringback.Event) {
	w.Helper()
	var want []string
	for _, e := range slices.Backward(made) {
		if e.AccountID == w.account && matches(f.Type, e.Type) && matches(f.ResourceID, e.ResourceID) &&
			matches(f.JobID, e.JobID) && within(f.Span, e.CreatedAt) {
			want = append(want, e.ID)
		}
	}
	w.equal(fmt.Sprintf("%+v", f), paged(w, 7, func(p store.Page) ([]string, error) {
		got, err := w.s.ListEvents(w.ctx(), w.account, f, p, anyBytes)
		return ids(got, eventID), err
	}), want)
}
