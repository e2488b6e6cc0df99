package cli

import (
	"strings"
	"testing"
	"time"
)

func TestRetentionValue(t *testing.T) {
	for _, c := range []struct {
		text  string
		want  time.Duration
		shown string
	}{
		{"30d", 720 * time.Hour, "30d"},
		{"720h", 720 * time.Hour, "30d"},
		{"25h", 25 * time.Hour, "25h"},
		{"36h30m", 36*time.Hour + 30*time.Minute, "36h30m0s"},
		{"9999d", 9999 * day, "9999d"},
		{"forever", 0, "forever"},
		{"0", 0, "forever"},
	} {
		r := defaultRetention
		if err := r.Set(c.text); err != nil || time.Duration(r) != c.want || r.String() != c.shown {
			t.Errorf("%q: %s, %v; want %s", c.text, r.String(), err, c.shown)
		}
	}
	for text, want := range map[string]string{
		"":       "30d or 720h",
		"d":      "30d or 720h",
		"-3d":    "30d or 720h",
		"1.5d":   "30d or 720h",
		"99999d": "30d or 720h",
		"month":  "30d or 720h",
		"30":     "30d or 720h",
		"24h":    "at least 25h",
		"1d":     "at least 25h",
		"0s":     "at least 25h",
		"-720h":  "30d or 720h",
	} {
		r := defaultRetention
		if err := r.Set(text); err == nil || !strings.Contains(err.Error(), want) || r != defaultRetention {
			t.Errorf("%q: %v, now %s; want %q", text, err, r.String(), want)
		}
	}
}
