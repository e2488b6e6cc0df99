// Package pause waits as long as somebody still wants to.
package pause

import (
	"context"
	"time"
)

// For waits, or gives the reason why ctx ended first.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
