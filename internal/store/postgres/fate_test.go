package postgres_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// proxy stands between a store and its database, and cuts one connection.
type proxy struct {
	listener net.Listener
	server   string
	cut      atomic.Pointer[cut] // nil = none
}

// cut says when and how to cut: at the transaction in which the marker is.
type cut struct {
	marker []byte
	how    how
	late   chan func() // gets what sends what was held back, and reads the answer
}

type how int

const (
	loseAnswer  how = iota // all is sent, and the answer is dropped when it says COMMIT
	loseRequest            // nothing of it is sent
	loseHalf               // half of it is sent
	holdBack               // it is sent much later, when the store has given up on it
)

// startProxy gives a proxy, and the URL of the database by it.
func startProxy(t *testing.T, databaseURL string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &proxy{listener: listener, server: u.Host}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	u.Host = listener.Addr().String()
	return p, u.String()
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		_ = client.Close()
		return
	}
	l := &link{proxy: p, client: client, server: server}
	go l.answers()
	l.requests()
}

type link struct {
	proxy          *proxy
	client, server net.Conn
	losing         atomic.Bool // the answer
}

// requests passes what the client sends.
func (l *link) requests() {
	buf := make([]byte, 1<<16)
	for {
		n, err := l.client.Read(buf)
		if err != nil {
			_ = l.server.Close()
			return
		}
		c := l.proxy.cut.Load()
		if c == nil || !bytes.Contains(buf[:n], c.marker) || !l.proxy.cut.CompareAndSwap(c, nil) {
			_, _ = l.server.Write(buf[:n])
			continue
		}
		switch c.how {
		case loseAnswer:
			l.losing.Store(true)
			_, _ = l.server.Write(buf[:n])
		case loseRequest:
			_ = l.server.Close()
			_ = l.client.Close()
			return
		case loseHalf:
			_, _ = l.server.Write(buf[:n/2])
			_ = l.server.Close()
			_ = l.client.Close()
			return
		case holdBack:
			l.holdBack(c, append([]byte(nil), buf[:n]...), buf)
			return
		}
	}
}

// sync is the message that ends what is sent in one go.
var syncMessage = []byte{'S', 0, 0, 0, 4}

func (l *link) holdBack(c *cut, held, buf []byte) {
	for !bytes.HasSuffix(held, syncMessage) {
		n, err := l.client.Read(buf)
		if err != nil {
			break
		}
		held = append(held, buf[:n]...)
	}
	_ = l.client.Close()
	c.late <- func() {
		_, _ = l.server.Write(held)
		time.AfterFunc(time.Second, func() { _ = l.server.Close() })
		for {
			if _, err := l.server.Read(buf); err != nil {
				return
			}
		}
	}
}

// answers passes what the server sends.
func (l *link) answers() {
	buf := make([]byte, 1<<16)
	for {
		n, err := l.server.Read(buf)
		if err == nil && l.losing.Load() {
			if bytes.Contains(buf[:n], []byte("COMMIT\x00")) {
				err = io.EOF
			} else {
				continue
			}
		}
		if err != nil {
			_ = l.server.Close()
			_ = l.client.Close()
			return
		}
		_, _ = l.client.Write(buf[:n])
	}
}

// A commit whose connection was cut is settled before Commit returns: it gives
// no error if it was made, and otherwise it was not and never will be.
func TestFateOfACommit(t *testing.T) {
	for name, c := range map[string]struct {
		how       how
		committed bool
	}{
		"the answer was lost":        {loseAnswer, true},
		"the request was lost":       {loseRequest, false},
		"half of it was lost":        {loseHalf, false},
		"the request comes too late": {holdBack, false},
	} {
		t.Run(name, func(t *testing.T) {
			direct := pgtest.Schema(t)
			reader := openStore(t, direct)
			p, by := startProxy(t, direct)
			s := openStore(t, by)
			for range 3 { // so that all statements are prepared
				commit(t, s, newEvent(time.Now()))
			}
			op := newEvent(time.Now())
			cutting := &cut{marker: []byte(op.Event.ID[4:]), how: c.how, late: make(chan func(), 1)}
			p.cut.Store(cutting)
			err := s.Commit(t.Context(), []store.Op{op})
			if p.cut.Load() != nil {
				t.Fatal("nothing was cut")
			}
			if (err == nil) != c.committed {
				t.Fatalf("got error %v", err)
			}
			if c.how == holdBack {
				(<-cutting.late)()
			}
			if there := isThere(t, reader, op); there != c.committed {
				t.Fatalf("committed: %v, there: %v", c.committed, there)
			}
			if err != nil { // the same may be committed again
				commit(t, s, op)
			}
			if !isThere(t, reader, op) {
				t.Fatal("it is not there")
			}
		})
	}
}

// newEvent is an event with one delivery, of an account of its own.
func newEvent(at time.Time) *store.PublishEvent {
	e := &ringback.Event{
		ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: ringback.NewID(ringback.PrefixAccount, at), Type: "t", CreatedAt: at,
	}
	return &store.PublishEvent{Event: e, Deliveries: []store.NewDelivery{{Delivery: ringback.Delivery{
		ID: ringback.DeliveryID(e.ID, 0), AccountID: e.AccountID, EventID: e.ID, EventType: e.Type,
		URL: "https://example.com", Profile: "standard", Status: ringback.DeliveryPending, NextAttemptAt: at, CreatedAt: at,
	}}}}
}

func isThere(t *testing.T, s store.Store, op *store.PublishEvent) bool {
	t.Helper()
	_, err := s.Event(t.Context(), op.Event.AccountID, op.Event.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	_, deliveryErr := s.Delivery(t.Context(), op.Event.AccountID, op.Deliveries[0].ID)
	if (err == nil) != (deliveryErr == nil) {
		t.Fatalf("event: %v, delivery: %v", err, deliveryErr)
	}
	return err == nil
}
