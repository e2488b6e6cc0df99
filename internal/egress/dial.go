package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// dialPlain opens a TCP connection for http.
func (c *Client) dialPlain(ctx context.Context, network, addr string) (net.Conn, error) {
	a, ctx, cancel, err := dialContext(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return c.dial(ctx, a, network, addr)
}

// dialTLS opens a TCP connection and does the TLS handshake on it. net/http
// then speaks HTTP/2 if that was agreed on.
func (c *Client) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	a, ctx, cancel, err := dialContext(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	plain, err := c.dial(ctx, a, network, addr)
	if err != nil {
		return nil, err
	}
	cfg := c.tls.Clone()
	cfg.ServerName, _, err = net.SplitHostPort(addr)
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	conn := tls.Client(plain, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = plain.Close() // the handshake's error is the one to tell
		return nil, &handshakeError{err}
	}
	a.secured.CompareAndSwap(0, a.since())
	return conn, nil
}

// dialContext bounds a dial by the deadline of the request that asked for it,
// and ends it when that request's caller gives up: net/http detaches dials from
// their requests, because another one may use the connection.
func dialContext(ctx context.Context) (*attempt, context.Context, context.CancelFunc, error) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return nil, nil, nil, errors.New("egress: dial without a request")
	}
	ctx, cancel := context.WithDeadline(ctx, a.deadline)
	stop := context.AfterFunc(a.caller, cancel)
	return a, ctx, func() { stop(); cancel() }, nil
}

// dial resolves and connects; control sees every address before it is used.
func (c *Client) dial(ctx context.Context, a *attempt, network, addr string) (net.Conn, error) {
	a.beginDial()
	conn, err := c.dialer.DialContext(ctx, network, addr)
	if err == nil {
		a.connected.CompareAndSwap(0, a.since())
	}
	return conn, err
}

// control is called with each address about to be connected to. Only here is
// the address final: no name, redirect, second DNS answer or spelling of an
// address can come between this check and the connection.
func (c *Client) control(ctx context.Context, network, address string, _ syscall.RawConn) error {
	if a, ok := ctx.Value(attemptKey{}).(*attempt); ok {
		a.resolved.CompareAndSwap(0, a.since())
	}
	addr, err := netip.ParseAddrPort(address)
	if err != nil || (network != "tcp4" && network != "tcp6") {
		return &blockedError{why: "has a form that is not known to be safe"}
	}
	if why := c.policy.dialRefusal(addr); why != "" {
		return &blockedError{addr: addr.Addr(), why: why}
	}
	return nil
}

// blockedError is a dial that the address policy refused.
type blockedError struct {
	addr netip.Addr
	why  string // completes "the address X of host Y …"
}

func (e *blockedError) Error() string { return "the address " + e.addr.String() + " " + e.why }

// handshakeError is whatever went wrong during a TLS handshake.
type handshakeError struct{ cause error }

func (e *handshakeError) Error() string { return "TLS handshake: " + e.cause.Error() }
func (e *handshakeError) Unwrap() error { return e.cause }
