package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// relay is the ceiling: the program's HTTP server and sender with nothing
// durable between them. It takes what the load generator sends, checks nothing
// of it, answers 202, signs, and sends from memory; it does the least that
// arrives as the same request.
type relay struct {
	server  http.Server
	sender  *egress.Client
	signer  *webhook.Signer
	url     string
	queue   chan relayed
	work    sync.WaitGroup
	refused atomic.Int64 // requests that were not answered with 2xx
}

// relayed is an event that waits to be sent.
type relayed struct {
	id   string
	at   time.Time
	body []byte // as it was published
}

const (
	relayQueue = 2048 // as many as the dispatcher keeps of one destination that answers
	relaySends = 128  // as many at once as the dispatcher does
	maxBody    = 1 << 20
)

// relayTo says where a relay sends.
type relayTo struct {
	URL    string `json:"url"`
	Secret string `json:"secret"`
}

func (r *relay) start(ctx context.Context) (any, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback)
	if err != nil {
		return nil, err
	}
	r.sender = egress.New(egress.Config{AllowHTTP: true, AllowPrivate: true})
	r.queue = make(chan relayed, relayQueue)
	r.server = http.Server{
		Handler:           http.HandlerFunc(r.accept), // the limits are those of internal/server
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, WriteTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	r.work.Go(func() { _ = r.server.Serve(listener) }) // it ends with stop
	return listening{Addr: listener.Addr().String()}, nil
}

func (r *relay) stop() {
	_ = r.server.Close()
	if r.queue != nil {
		close(r.queue)
	}
	r.work.Wait()
}

func (r *relay) do(what string, args json.RawMessage) (any, error) {
	switch what {
	case "to":
		return nil, r.to(args)
	case "status":
		return relayStatus{Refused: r.refused.Load()}, nil
	}
	return nil, errNoSuchRequest
}

// relayStatus says how a relay fares.
type relayStatus struct {
	Refused int64 `json:"refused"`
}

func (r *relay) to(args json.RawMessage) error {
	var to relayTo
	if err := json.Unmarshal(args, &to); err != nil {
		return err
	}
	if r.signer != nil {
		return errors.New("the relay sends somewhere already")
	}
	profile, _ := webhook.Lookup("standard")
	signer, err := webhook.NewSigner(profile, to.Secret)
	if err != nil {
		return err
	}
	r.signer, r.url = signer, to.URL
	for range relaySends {
		r.work.Go(func() {
			for e := range r.queue {
				r.send(e)
			}
		})
	}
	return nil
}

// accept takes an event; when the queue is full it waits.
func (r *relay) accept(w http.ResponseWriter, q *http.Request) {
	if q.ContentLength < 0 || q.ContentLength > maxBody {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	published := make([]byte, q.ContentLength)
	if _, err := io.ReadFull(q.Body, published); err != nil || !bytes.HasPrefix(published, relayedHead) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	now := time.Now()
	e := relayed{id: ringback.NewID("evt", now), at: now, body: published}
	select {
	case r.queue <- e:
	case <-q.Context().Done():
		return
	}
	answer := make([]byte, 0, 64)
	answer = append(answer, `{"id":"`...)
	answer = append(answer, e.id...)
	answer = append(answer, "\"}\n"...)
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(answer))}
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(answer) // whoever asked may have gone
}

// relayedHead is how every event begins that the load generator publishes.
var relayedHead = []byte(`{"type":"` + eventType + `",`)

var jsonType = []string{"application/json"}

// send signs an event and sends it.
func (r *relay) send(e relayed) {
	// {"type":"…","data":…} becomes {"type":"…","timestamp":"…","data":…}.
	payload := make([]byte, 0, len(e.body)+64)
	payload = append(payload, relayedHead...)
	payload = append(payload, `"timestamp":"`...)
	payload = e.at.UTC().AppendFormat(payload, body.TimeFormat)
	payload = append(payload, `",`...)
	payload = append(payload, e.body[len(relayedHead):]...)
	id := ringback.Rekind("msg", e.id)
	h := http.Header{
		"User-Agent": {egress.DefaultUserAgent}, "Content-Type": jsonType, "Webhook-Attempt": {"1"},
	}
	if err := r.signer.Sign(webhook.Message{ID: id, Type: eventType, Timestamp: e.at, Body: payload}, h); err != nil {
		r.refused.Add(1)
		return
	}
	answer, err := r.sender.Do(context.Background(), egress.Request{URL: r.url, Header: h, Body: payload})
	if err != nil || answer.StatusCode < 200 || answer.StatusCode > 299 {
		r.refused.Add(1)
	}
}
