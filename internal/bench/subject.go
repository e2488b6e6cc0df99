package bench

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/webhook"
)

// subject is what takes events and sends them: the program, or the relay.
type subject struct {
	*process

	bench *bench
	addr  string // HOST:PORT
	keys  keys
	place place
	relay bool
}

// keys are what the server prints when it starts; at the first start alone.
type keys struct {
	URL         string `json:"url"`
	APIKey      string `json:"api_key"`
	OperatorKey string `json:"operator_key"`
	AccountID   string `json:"account_id"`
}

// newPlace makes an empty store. What it made is removed at the end of the
// benchmark at the latest.
func (b *bench) newPlace(ctx context.Context) (place, error) {
	var p place
	var err error
	if b.Store == storeSQLite {
		p.dir, err = b.temp()
		p.remove = func() error { return os.RemoveAll(p.dir) }
		return p, err
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	p.masterKey = base64.StdEncoding.EncodeToString(key[:])
	var drop func() error
	if p.url, drop, err = newSchema(ctx, b.Store); err != nil {
		return p, err
	}
	p.remove = sync.OnceValue(drop)
	b.cleanups = append(b.cleanups, p.remove)
	return p, nil
}

// startServer starts the program on a store, at an address.
func (b *bench) startServer(ctx context.Context, at place, addr string) (*subject, error) {
	args := []string{"server", "--addr", addr, "--json", "--allow-http", "--allow-private-networks", "--log-level", "warn"}
	var env []string
	if at.dir != "" {
		args = append(args, "--data", at.dir)
	} else {
		// Not as a flag: others on the machine see command lines.
		env = append(env, "RINGBACK_SERVER_STORE="+at.url, "RINGBACK_MASTER_KEY="+at.masterKey)
	}
	p, err := b.spawn("the server", args, env)
	if err != nil {
		return nil, err
	}
	s := &subject{process: p, bench: b, place: at}
	line, err := p.line(ctx, startLimit)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(line, &s.keys); err != nil {
		return nil, fmt.Errorf("the server printed %.200q: %w", line, err)
	}
	u, err := url.Parse(s.keys.URL)
	if err != nil {
		return nil, err
	}
	s.addr = u.Host
	return s, nil
}

// newServer starts the program on an empty store.
func (b *bench) newServer(ctx context.Context) (*subject, error) {
	at, err := b.newPlace(ctx)
	if err != nil {
		return nil, err
	}
	return b.startServer(ctx, at, loopback)
}

// startRelay starts the ceiling, which sends to an address.
func (b *bench) startRelay(ctx context.Context, to string) (s *subject, secret string, err error) {
	var ready listening
	p, err := b.startPart(ctx, partRelay, &ready)
	if err != nil {
		return nil, "", err
	}
	secret = webhook.GenerateSecret()
	err = p.call(ctx, "to", relayTo{URL: endpointURL(to, 0), Secret: secret}, nil)
	return &subject{process: p, bench: b, addr: ready.Addr, relay: true}, secret, err
}

// endpointURL is where the receiver takes what is for its endpoint k.
func endpointURL(addr string, k int) string { return fmt.Sprintf("http://%s/e/%d", addr, k) }

// client is one with the account's key.
func (s *subject) client() (*client.Client, error) { return client.New(s.keys.URL, s.keys.APIKey) }

// subscribe makes an endpoint.
func (s *subject) subscribe(ctx context.Context, to, eventType string) (*client.CreatedEndpoint, error) {
	c, err := s.client()
	if err != nil {
		return nil, err
	}
	return c.CreateEndpoint(ctx, client.CreateEndpointParams{URL: to, EventTypes: []string{eventType}})
}

// end stops the subject in order, or kills it if it does not, and removes its
// data.
func (s *subject) end() error {
	if s.relay {
		return s.bench.quit(s.process, nil)
	}
	err := s.bench.quit(s.process, syscall.SIGTERM)
	return errors.Join(err, s.place.remove())
}

// discard kills the program, which may be waiting for receivers that never
// answer, and removes its data.
func (s *subject) discard() error {
	s.bench.kill(s.process)
	return s.place.remove()
}

// secretless hides the password of a URL.
func secretless(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return strings.SplitN(raw, ":", 2)[0] + "://…"
	}
	return u.Redacted()
}
