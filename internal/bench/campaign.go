package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

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
