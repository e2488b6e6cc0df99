package cli

import (
	"testing"
	"time"
)

func TestParseSpan(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"7d": 7 * day, "2h": 2 * time.Hour, "1w2d3h": 9*day + 3*time.Hour, "1.5h": 90 * time.Minute, "0s": 0, "36h30m": 36*time.Hour + 30*time.Minute,
	} {
		if got, err := parseSpan(text); got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "7", "d", "-2h", "2h7d", "7days", "99999d", "1h x", "1e5s", "yesterday", "3000000h"} {
		if got, err := parseSpan(text); err == nil {
			t.Errorf("%q is taken as %s", text, got)
		}
	}
}

func TestParseTimes(t *testing.T) {
	now := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		parse      func(string, string, time.Time) (time.Time, error)
		text, want string
	}{
		{parsePast, "2h", "2026-01-02T13:00:00Z"},
		{parsePast, "7d", "2025-12-26T15:00:00Z"},
		{parseFuture, "2h", "2026-01-02T17:00:00Z"},
		{parsePast, "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z"},
	} {
		if got, err := c.parse("--since", c.text, now); err != nil || stamp(got) != c.want {
			t.Errorf("%s: %s, %v, want %s", c.text, stamp(got), err, c.want)
		}
	}
	if got, err := parsePast("--since", "", now); !got.IsZero() || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAgo(t *testing.T) {
	local := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = local })
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for off, want := range map[time.Duration]string{
		0: "now", 300 * time.Millisecond: "now", 5 * time.Second: "5s ago", -90 * time.Second: "in 1m", 59 * time.Minute: "59m ago",
		2*time.Hour + 10*time.Minute: "2h10m ago", 3 * time.Hour: "3h ago", -23 * time.Hour: "in 23h",
		26 * time.Hour: "Nov 19 10:00", -48 * time.Hour: "Nov 22 12:00", 365 * 24 * time.Hour: "2025-11-20",
	} {
		if got := ago(now.Add(-off), now); got != want {
			t.Errorf("%s: %q, want %q", off, got, want)
		}
	}
	if got := brief(250 * time.Millisecond); got != "250ms" {
		t.Error(got)
	}
}
