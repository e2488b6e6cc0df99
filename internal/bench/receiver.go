package bench

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/ringback/ringback/webhook"
)

const loopback = "127.0.0.1:0"

// receiver is the customers' server: it answers 200 and counts what arrives, by
// the number that each event has.
type receiver struct {
	healthy, stuck net.Listener
	work           sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	ended bool
	tally *tally // nil = nothing is expected
}

// expectation says what is to arrive: for each endpoint K events at /e/K, with
// the numbers 0 to Events-1.
type expectation struct {
	Events  int      `json:"events"`
	Secrets []string `json:"secrets"` // of each endpoint
}

func (r *receiver) start(ctx context.Context) (_ any, err error) {
	r.conns = make(map[net.Conn]bool)
	listen := new(net.ListenConfig)
	if r.healthy, err = listen.Listen(ctx, "tcp", loopback); err != nil {
		return nil, err
	}
	if r.stuck, err = listen.Listen(ctx, "tcp", loopback); err != nil {
		return nil, err
	}
	r.work.Go(r.accept)
	r.work.Go(r.hold)
	return listening{Addr: r.healthy.Addr().String(), Stuck: r.stuck.Addr().String()}, nil
}

func (r *receiver) stop() {
	for _, l := range []net.Listener{r.healthy, r.stuck} {
		if l != nil {
			_ = l.Close()
		}
	}
	r.mu.Lock()
	r.ended = true
	for c := range r.conns {
		_ = c.Close()
	}
	r.mu.Unlock()
	r.work.Wait()
}

// accept serves connections until the listener is closed.
func (r *receiver) accept() {
	for {
		c, err := r.healthy.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		if r.ended {
			_ = c.Close()
		} else {
			r.conns[c] = true
			r.work.Go(func() { r.serve(c) })
		}
		r.mu.Unlock()
	}
}

// heldConnections are how many connections are kept open without an answer;
// beyond that the oldest is closed. Whoever opened it gave it up long ago.
const heldConnections = 4096

// hold accepts connections and never reads from them.
func (r *receiver) hold() {
	held := make([]net.Conn, heldConnections)
	defer func() {
		for _, c := range held {
			if c != nil {
				_ = c.Close()
			}
		}
	}()
	for i := 0; ; i = (i + 1) % len(held) {
		c, err := r.stuck.Accept()
		if err != nil {
			return
		}
		if held[i] != nil {
			_ = held[i].Close()
		}
		held[i] = c
	}
}

// ok answers every request.
var ok = []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

// serve answers the requests of a connection.
func (r *receiver) serve(c net.Conn) {
	defer func() {
		_ = c.Close()
		r.mu.Lock()
		delete(r.conns, c)
		r.mu.Unlock()
	}()
	in := newIncoming(c)
	for {
		if err := in.next(); err != nil {
			return // the sender has no more to say, or is to see that something is wrong
		}
		if !r.take(in) {
			return
		}
		if _, err := c.Write(ok); err != nil {
			return
		}
	}
}

// take counts a request. false: it cannot be meant.
func (r *receiver) take(in *incoming) bool {
	now := time.Now()
	endpoint, known := in.endpoint()
	n, numbered := readNumber(in.body, beforeNumber)
	at, _ := readNumber(in.body, beforeTime)
	r.mu.Lock()
	t := r.tally
	if t == nil || !known || !numbered {
		r.mu.Unlock()
		return false
	}
	sample := t.add(endpoint, n, at, now.UnixMicro())
	r.mu.Unlock()
	if sample {
		_, err := t.verifiers[endpoint].Verify(in.header(), in.body)
		r.mu.Lock()
		t.verified(err)
		r.mu.Unlock()
	}
	return true
}

func (r *receiver) do(what string, args json.RawMessage) (any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if what == "expect" {
		var e expectation
		if err := json.Unmarshal(args, &e); err != nil {
			return nil, err
		}
		var err error
		r.tally, err = newTally(e)
		return nil, err
	}
	if r.tally == nil {
		return nil, errors.New("nothing is expected")
	}
	switch what {
	case "status":
		return r.tally.count, nil
	case "arrivals":
		return r.tally.arrivals(), nil
	case "seen":
		return base64.StdEncoding.EncodeToString(r.tally.seen()), nil
	}
	return nil, errNoSuchRequest
}

// newTally prepares for what is expected.
func newTally(e expectation) (*tally, error) {
	if e.Events < 1 || len(e.Secrets) < 1 {
		return nil, fmt.Errorf("%d events for %d endpoints cannot be expected", e.Events, len(e.Secrets))
	}
	profile, _ := webhook.Lookup("standard")
	t := &tally{events: e.Events, times: make([]uint8, e.Events*len(e.Secrets))}
	for _, secret := range e.Secrets {
		// The server signs once, and may send much later: the age says nothing here.
		v, err := webhook.NewVerifier(profile, []string{secret}, webhook.Tolerance(24*time.Hour))
		if err != nil {
			return nil, err
		}
		t.verifiers = append(t.verifiers, v)
	}
	return t, nil
}
