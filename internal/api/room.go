package api

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/ringback/ringback/ringback"
)

const (
	// maxLargeBodies bounds what all requests together hold of their bodies
	// beyond the first MiB of each, in bytes.
	maxLargeBodies = 32 << 20
	// roomTimeout is how long a request waits for others to make room.
	roomTimeout = 5 * time.Second
)

// room is what one request has of the memory for large bodies. It takes more as
// its body arrives, so that those who send slowly hold no more than what they
// sent. Requests that wait for each other are told to try again.
type room struct {
	of    *semaphore.Weighted
	taken int64
}

func (m *room) take(ctx context.Context, bytes int64) error {
	ctx, cancel := context.WithTimeout(ctx, roomTimeout)
	defer cancel()
	if err := m.of.Acquire(ctx, bytes); err != nil {
		return &ringback.Error{
			Code: ringback.CodeUnavailable, RetryAfter: roomTimeout,
			Message: "too many large requests are being served; try again, or send less at once",
		}
	}
	m.taken += bytes
	return nil
}

func (m *room) release() { m.of.Release(m.taken) }
