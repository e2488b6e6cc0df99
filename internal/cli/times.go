package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// parseSpan reads a duration as time.ParseDuration does, with weeks and days
// before it: "7d", "1w2d", "36h30m".
func parseSpan(text string) (time.Duration, error) {
	m := spanForm.FindStringSubmatch(text)
	if m == nil || text == "" {
		return 0, fmt.Errorf("%q is no duration; it looks like 90s, 2h30m or 7d", text)
	}
	var total time.Duration
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(m[i+1])
		if err != nil {
			return 0, fmt.Errorf("%q is too long", text)
		}
		total += time.Duration(n) * unit
	}
	if m[3] != "" {
		rest, err := time.ParseDuration(m[3])
		if err != nil {
			return 0, fmt.Errorf("%q is no duration; it looks like 90s, 2h30m or 7d", text)
		}
		total += rest
	}
	return total, nil
}

var spanForm = regexp.MustCompile(`^(?:(\d{1,3})w)?(?:(\d{1,4})d)?([\d.]+[a-zµ].*)?$`)

// parsePast reads a time: RFC 3339, or a duration before now. "" is the zero
// time.
func parsePast(flag, text string, now time.Time) (time.Time, error) {
	return parseTime(flag, text, func(d time.Duration) time.Time { return now.Add(-d) })
}

// parseFuture reads a time: RFC 3339, or a duration from now on.
func parseFuture(flag, text string, now time.Time) (time.Time, error) {
	return parseTime(flag, text, now.Add)
}

func parseTime(flag, text string, relative func(time.Duration) time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	d, err := parseSpan(text)
	if err != nil {
		return time.Time{}, wrongUse("%s %q: it is a time such as 2026-01-02T15:04:05Z, or a duration such as 2h or 7d", flag, text)
	}
	return relative(d), nil
}

// wholeSeconds reads a duration that the API wants in seconds; "" is 0.
func wholeSeconds(flag, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	d, err := parseSpan(text)
	switch {
	case err != nil:
		return 0, wrongUse("%s: %w", flag, err)
	case d < time.Second || d%time.Second != 0:
		return 0, wrongUse("%s %s: it must be whole seconds, 1s at least", flag, text)
	}
	return int(d / time.Second), nil
}

// ago shows a time in the fewest words: how far off it is, or its date.
func ago(at, now time.Time) string {
	d := now.Sub(at)
	text := brief(d.Abs())
	switch {
	case d.Abs() >= 24*time.Hour:
		layout := "Jan _2 15:04"
		if d.Abs() > 180*24*time.Hour {
			layout = "2006-01-02"
		}
		return at.Local().Format(layout)
	case d.Abs() < time.Second:
		return "now"
	case d < 0:
		return "in " + text
	default:
		return text + " ago"
	}
}

// brief shows a duration in seconds, minutes, or hours and minutes: "5s", "3m",
// "2h10m".
func brief(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Truncate(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d%time.Hour < time.Minute:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
}

// stamp is a time for programs and logs.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
