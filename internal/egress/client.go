// Package egress is the one HTTP client for every address that a customer
// gave: webhook endpoints and callbacks.
//
// It promises that no such request reaches an address it should not (the check
// is made on the address being dialled, after name resolution), that it ends by
// its deadline, and that what the other side sends is held in bounded memory.
// It follows no redirects, keeps no cookies, uses no proxy and sends the
// request exactly as it was given.
package egress

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Limits that apply when Config or Request leave them unset, and those that
// cannot be configured.
const (
	DefaultTimeout           = 15 * time.Second
	DefaultMaxResponseBody   = 16 << 10 // bytes
	DefaultMaxResponseHeader = 32 << 10 // bytes
	DefaultUserAgent         = "Ringback"

	idlePerHost = 128  // enough for one receiver that answers fast
	idleTotal   = 1024 // each costs a file descriptor and about 20 KiB
	idleTimeout = 90 * time.Second
)

// Config says what a Client may do. The zero value allows https to public
// addresses only.
type Config struct {
	// AllowHTTP permits http:// URLs.
	AllowHTTP bool
	// AllowPrivate permits private, loopback, link-local and other addresses
	// that are not on the public internet. Unspecified, broadcast and
	// multicast addresses stay forbidden.
	AllowPrivate bool
	// OwnAddrs lists this server's own listeners; nil means none. They are
	// never dialled, whatever the other fields say. A wildcard address
	// (0.0.0.0 or [::]) stands for every address of this machine with that
	// port. It is called once a dial, from many goroutines.
	OwnAddrs func() []netip.AddrPort
	// UserAgent is sent with requests that have no User-Agent header of their
	// own; empty means DefaultUserAgent.
	UserAgent string
	// MaxResponseBody is how many bytes of a response body are kept; 0 means
	// DefaultMaxResponseBody.
	MaxResponseBody int64
	// MaxResponseHeader is how many bytes a response's status line and headers
	// may have, informational responses included; 0 means
	// DefaultMaxResponseHeader. A longer one is an error.
	MaxResponseHeader int64
	// RootCAs verifies receivers' certificates; nil means the system's roots.
	RootCAs *x509.CertPool
	// Resolver looks names up; nil means the system's.
	Resolver *net.Resolver
}

// Client sends requests to customers' addresses. It is safe for concurrent use
// and reuses connections, so that one Client should serve a whole process.
type Client struct {
	policy    policy
	dialer    net.Dialer
	tls       *tls.Config
	transport *http.Transport
	userAgent []string
	maxBody   int64
}

// New returns a Client. It opens nothing until it is used.
func New(cfg Config) *Client {
	if cfg.UserAgent == "" {
		cfg.UserAgent = DefaultUserAgent
	}
	if cfg.MaxResponseBody <= 0 {
		cfg.MaxResponseBody = DefaultMaxResponseBody
	}
	if cfg.MaxResponseHeader <= 0 {
		cfg.MaxResponseHeader = DefaultMaxResponseHeader
	}
	c := &Client{
		policy:    newPolicy(cfg),
		userAgent: []string{cfg.UserAgent},
		maxBody:   cfg.MaxResponseBody,
		tls: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            cfg.RootCAs,
			NextProtos:         []string{"h2", "http/1.1"},
			ClientSessionCache: tls.NewLRUClientSessionCache(idleTotal),
		},
	}
	c.dialer = net.Dialer{Resolver: cfg.Resolver, ControlContext: c.control}
	c.transport = c.newTransport(cfg.MaxResponseHeader)
	return c
}

// newTransport has no timeouts of its own: a request's one deadline bounds
// every phase, and dials that outlive their request too (see Client.dial).
func (c *Client) newTransport(maxHeader int64) *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // never from the environment
		DialContext:            c.dialPlain,
		DialTLSContext:         c.dialTLS,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // no Accept-Encoding, bodies stay as sent
		MaxIdleConns:           idleTotal,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		HTTP2: &http.HTTP2Config{
			// The defaults let a receiver push 4 MiB a stream and 1 GiB a
			// connection before anything is read.
			MaxReceiveBufferPerStream:     128 << 10,
			MaxReceiveBufferPerConnection: 1 << 20,
			SendPingTimeout:               30 * time.Second,
			PingTimeout:                   DefaultTimeout,
			WriteByteTimeout:              DefaultTimeout,
		},
	}
}

// Close closes the connections that are idle. Requests in flight go on, and the
// Client may be used again.
func (c *Client) Close() { c.transport.CloseIdleConnections() }
