package bench

import (
	"os"
	"testing"
	"time"
)

func TestParseUsage(t *testing.T) {
	stat := []byte("4711 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 9 0 1 1 1 0")
	if cpu, err := parseCPU(stat); err != nil || cpu != 3*time.Second {
		t.Errorf("%s, %v", cpu, err)
	}
	if _, err := parseCPU([]byte("4711 (x) S 1")); err == nil {
		t.Error("a line that is cut off was read")
	}
	status := []byte("Name:\tringback\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n")
	if peak, rss := parseKiB(status, "VmHWM:"), parseKiB(status, "VmRSS:"); peak != 2<<20 || rss != 1<<20 {
		t.Errorf("%d, %d", peak, rss)
	}
	if n := parseKiB(status, "VmSwap:"); n != 0 {
		t.Errorf("%d", n)
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	u, err := usageOf(os.Getpid())
	if err != nil || u.rss == 0 || u.peak < u.rss {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := usageOf(1 << 30); err == nil {
		t.Error("a process that is not there has used something")
	}
}
