package egress

import (
	"context"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// Timing says where the time of a request went. DNS, Connect and TLS are the
// lengths of these phases, zero if an existing connection was used. FirstByte
// and Total count from the start of Do. After an error the phase that did not
// end counts up to the error, and those after it are zero.
type Timing struct {
	DNS, Connect, TLS time.Duration
	FirstByte         time.Duration // until the first byte of the response
	Total             time.Duration // until the body was read
}

// attempt is one request under way. It is also the request's context, so that
// the functions called by net/http find it without another allocation; and
// since net/http lets a dial outlive its request, what they write is atomic and
// an attempt is never reused.
type attempt struct {
	context.Context                 //nolint:containedctx // see above; ends at the deadline
	caller          context.Context //nolint:containedctx // see above; as given to Do
	start, deadline time.Time
	url             *url.URL
	trace           httptrace.ClientTrace

	// Nanoseconds since start; zero: not reached.
	dialing, resolved, connected, secured, acquired, firstByte atomic.Int64
	reused                                                     atomic.Bool
}

// attemptKey finds the attempt among a context's values.
type attemptKey struct{}

func newAttempt(caller, limited context.Context, start time.Time, u *url.URL) *attempt {
	a := &attempt{Context: limited, caller: caller, start: start, url: u}
	a.deadline, _ = limited.Deadline() // the caller's may be earlier than the request's
	a.trace.GotConn = a.gotConn
	a.trace.GotFirstResponseByte = a.gotFirstByte
	return a
}

// Value finds the attempt itself, or what its context has.
func (a *attempt) Value(key any) any {
	if _, ok := key.(attemptKey); ok {
		return a
	}
	return a.Context.Value(key)
}

// since is the time since the start, never zero.
func (a *attempt) since() int64 { return max(1, int64(time.Since(a.start))) }

func (a *attempt) gotFirstByte() { a.firstByte.Store(a.since()) }

func (a *attempt) gotConn(info httptrace.GotConnInfo) {
	a.reused.Store(info.Reused)
	a.acquired.Store(a.since())
}

// beginDial forgets an earlier dial: net/http may need a second one.
func (a *attempt) beginDial() {
	a.resolved.Store(0)
	a.connected.Store(0)
	a.secured.Store(0)
	a.dialing.Store(a.since())
}

// timing sums up what is known now.
func (a *attempt) timing() Timing {
	total := a.since()
	t := Timing{Total: time.Duration(total), FirstByte: time.Duration(a.firstByte.Load())}
	began, acquired := a.dialing.Load(), a.acquired.Load()
	if began == 0 || (acquired > began && a.reused.Load()) {
		return t // the dial, if any, was overtaken by a connection that became free
	}
	end := total
	if acquired > began {
		end = acquired
	}
	phase := func(from, until int64) (length time.Duration, ended bool) {
		if until == 0 || until > end {
			return time.Duration(max(0, end-from)), false
		}
		return time.Duration(max(0, until-from)), true
	}
	resolved, connected := a.resolved.Load(), a.connected.Load()
	var ended bool
	if t.DNS, ended = phase(began, resolved); !ended {
		return t
	}
	if t.Connect, ended = phase(resolved, connected); !ended || a.url.Scheme != "https" {
		return t
	}
	t.TLS, _ = phase(connected, a.secured.Load())
	return t
}
