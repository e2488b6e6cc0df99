package sqlite_test

import (
	"bytes"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// BenchmarkPublishAndRecord commits batches of 200 events with one delivery
// each, and then the outcome of each delivery, as the engine does.
func BenchmarkPublishAndRecord(b *testing.B) {
	for _, accounts := range []int{1, 1000} {
		b.Run(fmt.Sprintf("accounts=%d", accounts), func(b *testing.B) {
			s := openStore(b, b.TempDir())
			const batch = 200
			events := 0
			for b.Loop() {
				publish, record := publishBatch(batch, accounts, events)
				commit(b, s, publish...)
				commit(b, s, record...)
				events += batch
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkSteady commits as the engine does while 64 publishers are busy: the
// events of a batch together with the outcomes of the batch before.
func BenchmarkSteady(b *testing.B) {
	for _, batch := range []int{16, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			s := openStore(b, b.TempDir())
			events := 0
			_, before := publishBatch(0, 1, 0)
			var started syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &started)
			for b.Loop() {
				publish, record := publishBatch(batch, 1, events)
				commit(b, s, append(publish, before...)...)
				before = record
				events += batch
			}
			var ended syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &ended)
			used := ended.Utime.Nano() + ended.Stime.Nano() - started.Utime.Nano() - started.Stime.Nano()
			b.ReportMetric(float64(used)/1000/float64(events), "cpu-µs/event")
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func publishBatch(n, accounts, offset int) (publish, record []store.Op) {
	data := append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), 504)...), `"}`...)
	header := http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Ringback/1"}, "Webhook-Id": {"msg_01234567890"},
		"Webhook-Timestamp": {"1234567890"}, "Webhook-Signature": {"v1,***"},
	}
	answer := http.Header{"Content-Length": {"2"}, "Date": {"Fri, 20 Nov 2026 17:33:00 GMT"}}
	for i := range n {
		now := time.Now()
		account := fmt.Sprintf("acc_%026d", (offset+i)%accounts)
		endpoint := "ep_" + account[4:]
		e := &ringback.Event{
			ID: ringback.NewID(ringback.PrefixEvent, now), AccountID: account,
			Type: "user.created", Data: data, CreatedAt: now,
		}
		d := ringback.Delivery{
			ID: ringback.DeliveryID(e.ID, 0), AccountID: account, EventID: e.ID, EventType: e.Type,
			EndpointID: endpoint, URL: "http://127.0.0.1:8080/hook", Profile: "standard",
			Status: ringback.DeliveryPending, NextAttemptAt: now, CreatedAt: now,
		}
		publish = append(publish, &store.PublishEvent{Event: e, Deliveries: []store.NewDelivery{
			{Delivery: d, Placement: store.Placement{Lease: store.NewLease(1, 1)}},
		}})
		record = append(record, &store.RecordAttempt{
			Lease:       store.NewLease(1, 1),
			DeliveryRef: store.DeliveryRef{AccountID: account, ID: d.ID},
			Attempt: ringback.Attempt{
				Number: 1, StartedAt: now, Duration: 12 * time.Millisecond, StatusCode: 200,
				RequestHeaders: header, ResponseHeaders: answer, ResponseBody: []byte("ok"),
			},
			Status: ringback.DeliveryDelivered, Now: now, URL: d.URL, Profile: d.Profile,
		})
	}
	return publish, record
}

// BenchmarkBacklog counts a backlog of 200,000 deliveries.
func BenchmarkBacklog(b *testing.B) {
	s := openStore(b, b.TempDir())
	const batch, total = 2000, 200_000
	for made := 0; made < total; made += batch {
		publish, _ := publishBatch(batch, 1000, made)
		for i, op := range publish {
			queue := ""
			if i%2 == 0 {
				queue = fmt.Sprintf("queue %d", i)
			}
			op.(*store.PublishEvent).Deliveries[0].Placement = store.Placement{Queue: queue}
		}
		commit(b, s, publish...)
	}
	for b.Loop() {
		if _, err := s.Backlog(b.Context(), total); err != nil {
			b.Fatal(err)
		}
	}
}
