package sqlite_test

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// BenchmarkJobs commits as the engine does while jobs are submitted, leased and
// completed, 64 in a transaction: those of three batches at once, and the outcome
// of the deliveries of a fourth. Of "parked", no delivery found room in memory.
func BenchmarkJobs(b *testing.B) {
	for _, parked := range []bool{false, true} {
		b.Run(map[bool]string{false: "leased", true: "parked"}[parked], func(b *testing.B) {
			s := openStore(b, b.TempDir())
			const batch = 64
			jobs := 0
			lease := &store.LeaseJobs{
				Types: []string{"t"}, Max: batch, MaxBytes: 8 << 20, Lease: time.Minute, Token: func(j *ringback.Job) string { return j.ID },
			}
			claim := &store.ClaimDeliveries{Lease: store.NewLease(1, 1), Queue: "q", Limit: batch, MaxBytes: 8 << 20}
			var finished, outcomes []store.Op
			started := cpuTime()
			for b.Loop() {
				ops := submissions(batch)
				lease.Now = time.Now()
				ops = append(append(append(ops, finished...), outcomes...), lease)
				if parked {
					claim.Now = lease.Now
					ops = append(ops, claim)
				}
				commit(b, s, ops...)
				outcomes = outcomesOf(finished, claim, parked)
				finished = completions(lease.Jobs, parked)
				jobs += batch
			}
			b.ReportMetric(float64((cpuTime()-started).Microseconds())/float64(jobs), "cpu-µs/job")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func submissions(n int) (ops []store.Op) {
	input := append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), 504)...), `"}`...)
	for range n {
		now := time.Now()
		ops = append(ops, &store.SubmitJob{Job: &ringback.Job{
			ID: ringback.NewID(ringback.PrefixJob, now), AccountID: "acc_1", Type: "t", Status: ringback.JobQueued, Input: input,
			IncludeResult: true, RunAt: now, Timeout: time.Hour, MaxAttempts: 3, CreatedAt: now,
		}})
	}
	return ops
}

func completions(jobs []*ringback.Job, parked bool) (ops []store.Op) {
	for _, j := range jobs {
		now := time.Now()
		done := *j
		done.Status, done.Result, done.FinishedAt = ringback.JobSucceeded, j.Input, now
		e := &ringback.Event{ID: ringback.NewID(ringback.PrefixEvent, now), AccountID: j.AccountID, Type: "job.succeeded", JobID: j.ID, CreatedAt: now}
		d := store.NewDelivery{Placement: store.Placement{Lease: store.NewLease(1, 1)}, Delivery: ringback.Delivery{
			ID: ringback.DeliveryID(e.ID, 0), AccountID: j.AccountID, EventID: e.ID, EventType: e.Type, JobID: j.ID, EndpointID: "ep_1",
			URL: "http://127.0.0.1:8080/hook", Profile: "standard", Status: ringback.DeliveryPending, NextAttemptAt: now, CreatedAt: now,
		}}
		if parked {
			d.Placement = store.Placement{Queue: "q"}
		}
		ops = append(ops, &store.FinishJob{Job: &done, Token: j.LeaseToken, Event: e, Deliveries: []store.NewDelivery{d}})
	}
	return ops
}

// outcomesOf gives the outcomes of what was claimed, or else of what was leased
// when it was made.
func outcomesOf(finished []store.Op, claim *store.ClaimDeliveries, parked bool) (ops []store.Op) {
	var sent []*ringback.Delivery
	for _, c := range claim.Claimed {
		sent = append(sent, c.Delivery)
	}
	for _, op := range finished {
		if f, ok := op.(*store.FinishJob); ok && !parked {
			sent = append(sent, &f.Deliveries[0].Delivery)
		}
	}
	for _, d := range sent {
		now := time.Now()
		ops = append(ops, &store.RecordAttempt{
			Lease: store.NewLease(1, 1), DeliveryRef: store.DeliveryRef{AccountID: d.AccountID, ID: d.ID},
			Attempt: ringback.Attempt{Number: 1, StartedAt: now, Duration: time.Millisecond, StatusCode: 200, ResponseBody: []byte("ok")},
			Status:  ringback.DeliveryDelivered, Now: now, URL: d.URL, Profile: d.Profile,
		})
	}
	return ops
}
