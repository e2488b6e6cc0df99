package bench

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// load is the load generator: keep-alive publishers that check every status.
type load struct {
	last *campaign // what is, or was last, published
}

// order says what is to be published.
type order struct {
	Addr       string `json:"addr"`
	Key        string `json:"key"`  // of the API
	Type       string `json:"type"` // of the events
	First      int    `json:"first"`
	Events     int    `json:"events"`
	Publishers int    `json:"publishers"`
	// Rate is how many events a second are sent, whether or not earlier ones
	// were answered; 0 = each publisher sends when it was answered.
	Rate float64 `json:"rate,omitempty"`
	// Batch is how many events a request has; 0 = each is a request of its own.
	Batch int `json:"batch,omitempty"`
	// Jobs are submitted instead of events.
	Jobs bool `json:"jobs,omitempty"`
	// OperatorKey leases jobs, with Workers, as many at once as Lease, and
	// completes them.
	OperatorKey string `json:"operator_key,omitempty"`
	Workers     int    `json:"workers,omitempty"`
	Lease       int    `json:"lease,omitempty"`
	// Survive has publishers go on after errors, with the next number: the
	// server is killed and started again.
	Survive bool `json:"survive,omitempty"`
}

// published says how far an order is.
type published struct {
	Done      bool   `json:"done"`
	Accepted  int64  `json:"accepted"`
	Completed int64  `json:"completed"` // jobs
	Retried   int64  `json:"retried"`   // after 429 or 503
	Failed    int64  `json:"failed"`    // connections that broke; with Survive alone
	First     int64  `json:"first"`     // microseconds since 1970: the first request
	Error     string `json:"error,omitempty"`
}

// campaign carries an order out.
type campaign struct {
	order

	next     atomic.Int64 // number of the next event
	stopping atomic.Bool
	work     sync.WaitGroup
	workers  sync.WaitGroup

	accepted, completed, retried, failed, first atomic.Int64
	done                                        atomic.Bool

	mu    sync.Mutex
	bits  []byte // a bit for each number that was accepted; with Survive
	wrong error
}

func (l *load) start(context.Context) (any, error) { return nil, nil }

func (l *load) stop() { l.halt() }

// halt ends what runs.
func (l *load) halt() {
	if l.last != nil {
		l.last.stopping.Store(true)
		l.last.work.Wait()
		l.last.workers.Wait()
	}
}

func (l *load) do(what string, args json.RawMessage) (any, error) {
	if what == "publish" {
		var o order
		if err := json.Unmarshal(args, &o); err != nil {
			return nil, err
		}
		l.halt()
		l.last = &campaign{order: o}
		l.last.begin()
		return nil, nil
	}
	if l.last == nil {
		return nil, errors.New("nothing was published")
	}
	switch what {
	case "status":
		return l.last.status(), nil
	case "stop":
		l.halt()
		return l.last.status(), nil
	case "accepted":
		l.last.mu.Lock()
		defer l.last.mu.Unlock()
		return base64.StdEncoding.EncodeToString(l.last.bits), nil
	}
	return nil, errNoSuchRequest
}

// begin starts the publishers.
func (c *campaign) begin() {
	if c.Survive {
		c.bits = make([]byte, (c.Events+7)/8)
	}
	c.first.Store(time.Now().UnixMicro())
	var due chan due
	if c.Rate > 0 {
		due = c.schedule()
	}
	for range c.Publishers {
		c.work.Go(func() { c.publisher(due) })
	}
	for range c.Workers {
		c.workers.Go(c.worker)
	}
	c.workers.Go(func() {
		c.work.Wait()
		if c.Workers == 0 {
			c.done.Store(true)
		}
	})
}

func (c *campaign) status() published {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := published{
		Done: c.done.Load(), Accepted: c.accepted.Load(), Completed: c.completed.Load(), Retried: c.retried.Load(),
		Failed: c.failed.Load(), First: c.first.Load(),
	}
	if c.wrong != nil {
		p.Error = c.wrong.Error()
	}
	return p
}

// fail ends the campaign with an error.
func (c *campaign) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wrong == nil {
		c.wrong = err
	}
	c.stopping.Store(true)
}

// due is an event with the time that it is to be sent at.
type due struct {
	n  int
	at time.Time
}

// schedule sends events by the clock into a channel that holds all of them, so
// that a slow answer delays none: how late one is sent counts as latency.
func (c *campaign) schedule() chan due {
	all := make(chan due, c.Events)
	c.work.Go(func() {
		defer close(all)
		begin := time.Now()
		for i := range c.Events {
			at := begin.Add(time.Duration(float64(i) / c.Rate * float64(time.Second)))
			time.Sleep(time.Until(at))
			if c.stopping.Load() {
				return
			}
			all <- due{c.First + i, at}
		}
	})
	return all
}

// publisher publishes until there is nothing left.
func (c *campaign) publisher(scheduled <-chan due) {
	var link conn
	defer link.close()
	to := post(c.Addr, c.path(), c.Key)
	var body []byte
	if scheduled != nil {
		for d := range scheduled {
			body = c.append(body[:0], d.n, d.at)
			c.send(&link, to, body, d.n, 1)
		}
		return
	}
	step := max(c.Batch, 1)
	for !c.stopping.Load() {
		i := int(c.next.Add(int64(step))) - step
		if i >= c.Events {
			return
		}
		n, count := c.First+i, min(step, c.Events-i)
		if c.Batch > 0 {
			body = c.appendBatch(body[:0], n, count)
		} else {
			body = c.append(body[:0], n, time.Now())
		}
		c.send(&link, to, body, n, count)
	}
}

func (c *campaign) path() string {
	switch {
	case c.Jobs:
		return "/v1/jobs"
	case c.Batch > 0:
		return "/v1/events/batch"
	}
	return "/v1/events"
}

func (c *campaign) append(dst []byte, n int, at time.Time) []byte {
	if !c.Jobs {
		return appendEvent(dst, c.Type, n, at.UnixMicro())
	}
	dst = append(dst, `{"type":"`+jobType+`","input":`...)
	dst = appendData(dst, n, at.UnixMicro())
	return append(dst, '}')
}

func (c *campaign) appendBatch(dst []byte, n, count int) []byte {
	dst = append(dst, `{"events":[`...)
	now := time.Now()
	for i := range count {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.append(dst, n+i, now)
	}
	return append(dst, "]}"...)
}

// Pauses after an answer that asks to come again, and after a connection that
// broke.
const (
	retryPause   = 20 * time.Millisecond
	reconnect    = 5 * time.Millisecond
	maxRetryWait = time.Second
)

// send sends one request until it is accepted.
func (c *campaign) send(link *conn, to target, body []byte, n, count int) {
	for {
		a, err := link.do(to, body)
		switch {
		case err != nil && c.Survive:
			time.Sleep(reconnect)
			if _, unsent := errors.AsType[*unsentError](err); unsent && !c.stopping.Load() {
				continue
			}
			c.failed.Add(1) // whether it was accepted is not known: the number is given up
			return
		case err != nil:
			c.fail(err)
			return
		case a.status == 429 || a.status == 503:
			c.retried.Add(1)
			if c.stopping.Load() {
				return
			}
			time.Sleep(min(max(a.retryAfter, retryPause), maxRetryWait))
		case a.status != 202:
			c.fail(fmt.Errorf("a request was answered with %d: %.300s", a.status, a.body))
			return
		default:
			c.took(n, count, a.body)
			return
		}
	}
}

// took notes what was accepted.
func (c *campaign) took(n, count int, body []byte) {
	c.accepted.Add(int64(count))
	if c.Batch > 0 {
		if err := wholeBatch(body, count); err != nil {
			c.fail(err)
		}
	}
	if c.Survive {
		c.mu.Lock()
		i := n - c.First
		c.bits[i/8] |= 1 << (i % 8)
		c.mu.Unlock()
	}
}

// wholeBatch fails if an event of a batch was not published.
func wholeBatch(body []byte, count int) error {
	var out struct {
		Results []struct {
			ID    string          `json:"id"`
			Error json.RawMessage `json:"error"`
		} `json:"results"`
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return err
	}
	if len(out.Results) != count {
		return fmt.Errorf("a batch of %d events has %d results", count, len(out.Results))
	}
	for _, r := range out.Results {
		if r.ID == "" {
			return fmt.Errorf("an event of a batch was refused: %s", r.Error)
		}
	}
	return nil
}
