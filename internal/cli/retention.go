package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/ringback/ringback/internal/store"
)

// retention is the value of --retention: a duration, in days too; 0 = for ever.
type retention time.Duration

const (
	day              = 24 * time.Hour
	defaultRetention = retention(30 * day)
	forever          = "forever" // also --wait without a duration
)

// Set takes "30d", "720h", "forever" or "0".
func (r *retention) Set(text string) error {
	if text == forever || text == "0" {
		*r = 0
		return nil
	}
	d, err := parseSpan(text)
	if err != nil {
		return fmt.Errorf("it is a duration such as 30d or 720h, or %s", forever)
	}
	if d < store.MinRetention {
		return fmt.Errorf("it is at least %s: what an idempotency key has made is kept as long as the key", hours(store.MinRetention))
	}
	*r = retention(d)
	return nil
}

// String gives what Set takes.
func (r *retention) String() string {
	d := time.Duration(*r)
	switch {
	case d == 0:
		return forever
	case d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	case d%time.Hour == 0:
		return hours(d)
	}
	return d.String()
}

func hours(d time.Duration) string { return strconv.Itoa(int(d/time.Hour)) + "h" }

// Type names the value in the help of other flags of its kind.
func (*retention) Type() string { return "duration" }
