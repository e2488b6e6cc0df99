package sqlite_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/storetest"
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
				publish, record := storetest.PublishBatch(batch, accounts, events)
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
			_, before := storetest.PublishBatch(0, 1, 0)
			var started syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &started)
			for b.Loop() {
				publish, record := storetest.PublishBatch(batch, 1, events)
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

// BenchmarkBacklog counts a backlog of 200,000 deliveries.
func BenchmarkBacklog(b *testing.B) {
	s := openStore(b, b.TempDir())
	const batch, total = 2000, 200_000
	for made := 0; made < total; made += batch {
		publish, _ := storetest.PublishBatch(batch, 1000, made)
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
