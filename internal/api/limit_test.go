package api

import (
	"fmt"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	l := newLimiter(2)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, step := range []struct {
		addr  string
		after time.Duration
		wait  time.Duration
	}{
		{"192.0.2.1:1000", 0, 0},
		{"192.0.2.1:2000", time.Second, 0},
		{"192.0.2.1:3000", 2 * time.Second, 58 * time.Second},
		{"192.0.2.2:1000", 2 * time.Second, 0},
		{"[::ffff:192.0.2.1]:1000", 59 * time.Second, time.Second},
		{"192.0.2.1:1000", time.Minute - 1, 1},
		{"192.0.2.1:1000", time.Minute, 0}, // a new window
		{"[2001:db8:0:1::1]:1", time.Minute, 0},
		{"[2001:db8:0:1:ffff::%eth0]:1", time.Minute, 0},
		{"[2001:db8:0:1::2]:1", time.Minute, time.Minute},
		{"[2001:db8:0:2::1]:1", time.Minute, 0},
		{"@", time.Minute, 0},
		{"", time.Minute, 0},
		{"@", time.Minute, time.Minute},
	} {
		if got := l.count(step.addr, start.Add(step.after)); got != step.wait {
			t.Errorf("step %d, %s: wait %v, want %v", i, step.addr, got, step.wait)
		}
	}
}

// TestLimiterIsBounded lets ever new addresses come.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(1), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range 3 * maxAddresses {
		l.count(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), now)
	}
	if len(l.addresses) != maxAddresses || len(l.windows) != maxAddresses || cap(l.windows) > 4*maxAddresses {
		t.Errorf("%d addresses, %d windows, room for %d", len(l.addresses), len(l.windows), cap(l.windows))
	}
	last := 3*maxAddresses - 1
	if l.count(fmt.Sprintf("10.%d.%d.%d:1", last>>16, last>>8&255, last&255), now) == 0 {
		t.Error("the newest address is forgotten")
	}
	if l.count("10.0.0.0:1", now) != 0 {
		t.Error("the oldest address is not forgotten")
	}
	l.count("10.0.0.0:1", now.Add(wrongKeysWindow))
	if len(l.addresses) != 1 || len(l.windows) != 1 {
		t.Errorf("%d addresses, %d windows after a minute", len(l.addresses), len(l.windows))
	}
}

func TestDelayText(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", time.Millisecond * 250: "250ms", 5 * time.Second: "5s", 10 * time.Second: "10s", 5 * time.Minute: "5m", 10 * time.Minute: "10m",
		90 * time.Second: "1m30s", time.Hour: "1h", 10 * time.Hour: "10h", 90 * time.Minute: "1h30m", time.Hour + time.Second: "1h0m1s",
		100 * time.Hour: "100h", time.Minute + 500*time.Millisecond: "1m0.5s",
	} {
		if got := delayText(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
		if back, err := time.ParseDuration(delayText(d)); err != nil || back != d {
			t.Errorf("%s is read as %v, %v", delayText(d), back, err)
		}
	}
}
