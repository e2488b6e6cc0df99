package bench

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
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
