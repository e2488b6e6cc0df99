package ringback_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ringback/ringback/ringback"
)

func TestRotation(t *testing.T) {
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	previous := ringback.Rotated(nil, "a", at(0), 24*time.Hour)
	previous = ringback.Rotated(previous, "b", at(time.Hour), 2*time.Hour) // b, and a with it, until 3 h
	for _, c := range []struct {
		at       time.Duration
		several  []string
		one      string
		until    time.Duration // 0 = none
		lastedTo time.Duration
	}{
		{time.Hour, []string{"c", "b", "a"}, "a", 3 * time.Hour, 3 * time.Hour},
		{3*time.Hour - 1, []string{"c", "b", "a"}, "a", 3 * time.Hour, 3 * time.Hour},
		{3 * time.Hour, []string{"c"}, "c", 0, 0},
	} {
		several, until := ringback.SigningSecrets("c", previous, at(c.at), true)
		one, oneUntil := ringback.SigningSecrets("c", previous, at(c.at), false)
		if !slices.Equal(several, c.several) || !slices.Equal(one, []string{c.one}) {
			t.Errorf("after %s: several %v, one %v; want %v, %s", c.at, several, one, c.several, c.one)
		}
		var want time.Time
		if c.until != 0 {
			want = at(c.until)
		}
		if !until.Equal(want) || !oneUntil.Equal(want) || !ringback.PreviousUntil(previous, at(c.at)).Equal(want) {
			t.Errorf("after %s: until %s and %s, last %s; want %s", c.at, until, oneUntil,
				ringback.PreviousUntil(previous, at(c.at)), want)
		}
	}
	// A longer overlap does not lengthen an earlier one; what is over is dropped.
	previous = ringback.Rotated(previous, "c", at(2*time.Hour), 48*time.Hour)
	if one, until := ringback.SigningSecrets("d", previous, at(4*time.Hour), false); !slices.Equal(one, []string{"c"}) || !until.Equal(at(50*time.Hour)) {
		t.Errorf("4 h: %v until %s", one, until)
	}
	if previous = ringback.Rotated(previous, "d", at(4*time.Hour), time.Minute); len(previous) != 2 {
		t.Errorf("%d are kept; want c and d", len(previous))
	}
	if got := ringback.Rotated(previous, "e", at(4*time.Hour), 0); got != nil {
		t.Errorf("without an overlap %v are kept", got)
	}
	if secrets, _ := ringback.SigningSecrets("", nil, start, true); secrets != nil {
		t.Errorf("without a secret: %v", secrets)
	}
}
