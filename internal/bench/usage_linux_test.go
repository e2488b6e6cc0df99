package bench

import (
	"os"
	"testing"
	"time"
)

func TestParseUsage(t *testing.T) {
	raw := []byte("4711 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 30 10 20 0 9 0 1 1 1 0")
	want := stat{parent: 1, cpu: 3 * time.Second, ended: 400 * time.Millisecond}
	if got, err := parseStat(raw); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, short := range []string{"", "4711 (x) S 1"} {
		if _, err := parseStat([]byte(short)); err == nil {
			t.Errorf("a line that is cut off was read: %q", short)
		}
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
