package postgres_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// BenchmarkPublishAndRecord commits batches of events with one delivery each, and
// then the outcome of each delivery, as the engine does; on a server that syncs.
func BenchmarkPublishAndRecord(b *testing.B) {
	s := openStore(b, benchURL(b))
	for _, accounts := range []int{1, 1000} {
		for _, batch := range []int{64, 200} {
			b.Run(fmt.Sprintf("accounts=%d/batch=%d", accounts, batch), func(b *testing.B) {
				events := 0
				cpu := cpuTime(b)
				for b.Loop() {
					publish, record := publishBatch(batch, accounts, events)
					commit(b, s, publish...)
					commit(b, s, record...)
					events += batch
				}
				b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(events), "client-µs/event")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// benchURL is that of a server that syncs, or of the one that is given.
func benchURL(b *testing.B) string {
	if os.Getenv("RINGBACK_TEST_POSTGRES") != "" {
		return pgtest.Schema(b)
	}
	return pgtest.Start(b, pgtest.Options{}).URL("postgres")
}

// cpuTime is what this process has used of the processors.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
		lease := store.NewLease(1, int64(offset+i+1))
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
		publish = append(publish, &store.PublishEvent{Event: e, Revision: 1, Deliveries: []store.NewDelivery{
			{Delivery: d, Placement: store.Placement{Lease: lease}},
		}})
		record = append(record, &store.RecordAttempt{
			Lease:       lease,
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
