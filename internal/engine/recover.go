package engine

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// RecoverEndpointParams say which events an endpoint is to get after all: those
// made at Since or later and before Until (zero = now). Cursor goes on where an
// earlier call stopped.
type RecoverEndpointParams struct {
	Since, Until time.Time
	Cursor       string
}

// Recovery is what one call did: of the events that it looked at, how many the
// endpoint gets by it. With a Next there is more to look at.
type Recovery struct {
	Examined  int
	Recovered int
	Next      string
}

const (
	recoverSlice = 200             // events of one transaction
	recoverTime  = 5 * time.Second // after which a call stops
)

// RecoverEndpoint sends an endpoint what failed, was canceled or was missed: the
// deliveries are due at once, with a fresh retry schedule. It works in slices
// between which others can commit.
func (e *Engine) RecoverEndpoint(ctx context.Context, accountID, id string, p RecoverEndpointParams) (*Recovery, error) {
	v, err := e.viewOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	ep, err := v.enabled(id)
	if err != nil {
		return nil, err
	}
	begun, start := time.Now(), e.now()
	after, before, err := p.bounds(start)
	if err != nil {
		return nil, err
	}
	queue := dispatch.QueueName(accountID, ep.ID)
	r := &Recovery{}
	for {
		op := &store.RecoverEvents{
			AccountID: accountID, EndpointID: ep.ID, URL: ep.URL, Profile: ep.Profile, After: after, Before: before,
			Match: ep.Subscribes, Limit: recoverSlice, Queue: queue, Now: e.now(),
		}
		shelved := e.dispatcher.Shelve(queue)
		err := e.commit.Do(op)
		shelved()
		if err != nil {
			return nil, err
		}
		r.Examined += op.Examined
		r.Recovered += op.Recovered
		if op.Examined < recoverSlice {
			return r, nil
		}
		after = op.Last
		if e.isStopping() || time.Since(begun) >= recoverTime {
			r.Next = recoveryCursor(after, before)
			return r, nil
		}
	}
}

// bounds gives the ids that the events are between.
func (p *RecoverEndpointParams) bounds(now time.Time) (after, before string, err error) {
	if err := checkSpan(p.Since, p.Until); err != nil {
		return "", "", err
	}
	if p.Since.After(now) {
		return "", "", ringback.Invalid("since", "it is in the future")
	}
	until := now
	if !p.Until.IsZero() && p.Until.Before(now) {
		until = p.Until
	}
	after, before = beforeID(ringback.MinID(ringback.PrefixEvent, p.Since)), ringback.MinID(ringback.PrefixEvent, until)
	if p.Cursor == "" {
		return after, before, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	text, ok := strings.CutPrefix(string(raw), cursorVersion)
	last, bound, both := strings.Cut(text, ",")
	if err != nil || !ok || !both || !ringback.ValidID(ringback.PrefixEvent, last) || !ringback.ValidID(ringback.PrefixEvent, bound) {
		return "", "", ringback.Invalid("cursor", "this is no cursor of a recovery; use next_cursor of the call before, as it is")
	}
	return max(after, last), bound, nil
}

// beforeID gives a text that sorts before an id of MinID, and after every smaller
// id.
func beforeID(id string) string { return id[:len(id)-1] }

func recoveryCursor(last, bound string) string { return cursorAfter(last + "," + bound) }
