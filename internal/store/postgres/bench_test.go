package postgres_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store/storetest"
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
					publish, record := storetest.PublishBatch(batch, accounts, events)
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
