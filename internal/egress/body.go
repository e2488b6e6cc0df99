package egress

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"
)

// What follows the kept part of a body is read and dropped only if it is short
// and comes at once, because a connection can then be used again.
const (
	drainBytes = 64 << 10
	drainTime  = 500 * time.Millisecond
)

// readBody reads and closes the body and keeps at most limit bytes of it. It is
// truncated if it had more. cancel ends the request; it is used to stop waiting
// for a remainder that nobody needs. An error means that the body ended early
// or that the deadline passed before limit bytes had come.
func readBody(resp *http.Response, limit int64, cancel context.CancelFunc) (kept []byte, truncated bool, err error) {
	defer func() { _ = resp.Body.Close() }() // what matters has been read
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return nil, false, nil // the body is the raw connection, which we never asked for
	}
	kept, ended, err := readUpTo(resp, limit)
	if err != nil || ended {
		return kept, false, err
	}
	if resp.ContentLength >= 0 && resp.ContentLength-limit > drainBytes {
		return kept, true, nil
	}
	timer := time.AfterFunc(drainTime, cancel)
	defer timer.Stop()
	n, err := io.CopyN(io.Discard, resp.Body, drainBytes+1)
	atEnd := errors.Is(err, io.EOF) && n == 0
	return kept, !atEnd, nil
}

// readUpTo reads until the body ends or limit bytes are there. Memory grows
// with what really came, not with what the headers announce.
func readUpTo(resp *http.Response, limit int64) (kept []byte, ended bool, err error) {
	if resp.ContentLength == 0 || resp.Body == http.NoBody {
		return nil, true, nil
	}
	size := min(limit, 512)
	if resp.ContentLength > 0 {
		size = min(limit, resp.ContentLength, 4<<10)
	}
	kept = make([]byte, 0, size)
	for int64(len(kept)) < limit {
		if len(kept) == cap(kept) {
			kept = slices.Grow(kept, 512)
		}
		room := kept[len(kept):min(int64(cap(kept)), limit)]
		n, err := resp.Body.Read(room)
		kept = kept[:len(kept)+n]
		if err == io.EOF {
			return kept, true, nil
		}
		if err != nil {
			return kept, false, err
		}
	}
	return kept, false, nil
}
