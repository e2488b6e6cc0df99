package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// phase is what was being read when an error came.
type phase int

const (
	phaseHeaders phase = iota
	phaseBody
)

// explain turns what net/http returned into an *Error.
func (a *attempt) explain(err error, at phase) *Error {
	kind, message := a.classify(err, at)
	return &Error{Kind: kind, Message: message, cause: err}
}

func (a *attempt) classify(err error, at phase) (Kind, string) {
	if blocked, ok := errors.AsType[*blockedError](err); ok {
		return KindBlocked, a.blockedMessage(blocked)
	}
	if errors.Is(a.caller.Err(), context.Canceled) {
		return KindCanceled, "the request was canceled"
	}
	if a.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return KindTimeout, a.timeoutMessage(at)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return KindDNS, dnsMessage(dns, a.url.Hostname())
	}
	if message := tlsMessage(err, a.url.Hostname()); message != "" {
		return KindTLS, message
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return KindConnect, connectMessage(err)
	}
	return KindProtocol, protocolMessage(err, at)
}

func (a *attempt) blockedMessage(b *blockedError) string {
	host := a.url.Hostname()
	switch addr := b.addr.String(); {
	case !b.addr.IsValid():
		return fmt.Sprintf("the address of host %s %s", host, b.why)
	case addr == host:
		return fmt.Sprintf("the address %s %s", addr, b.why)
	default:
		return fmt.Sprintf("the address %s of host %s %s", addr, host, b.why)
	}
}

// timeoutMessage says how long was waited, and for what.
func (a *attempt) timeoutMessage(at phase) string {
	t := a.timing()
	var spent []string
	add := func(what string, d time.Duration) {
		if d > 0 {
			spent = append(spent, what+" "+roundTime(d))
		}
	}
	add("DNS", t.DNS)
	add("connect", t.Connect)
	add("TLS", t.TLS)
	switch acquired := time.Duration(a.acquired.Load()); {
	case at == phaseBody:
		add("waiting for headers", t.FirstByte-acquired)
		add("reading the body", t.Total-t.FirstByte)
	case acquired > time.Duration(a.dialing.Load()):
		add("waiting for headers", t.Total-acquired)
	case a.dialing.Load() == 0:
		add("waiting for a connection", t.Total)
	}
	waited := a.deadline.Sub(a.start)
	return fmt.Sprintf("no complete answer within %s (spent: %s)", roundTime(waited), strings.Join(spent, ", "))
}

// roundTime is a duration with the digits that matter to a reader.
func roundTime(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1ms"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// dnsMessage leaves out which server was asked: that is ours.
func dnsMessage(err *net.DNSError, host string) string {
	switch {
	case err.IsNotFound:
		return "no such host " + host
	case err.IsTimeout:
		return "the DNS lookup of " + host + " got no answer in time"
	}
	return "the DNS lookup of " + host + " failed"
}

// tlsMessage is empty if err has nothing to do with TLS.
func tlsMessage(err error, host string) string {
	var (
		invalid   x509.CertificateInvalidError
		wrongHost x509.HostnameError
		unknown   x509.UnknownAuthorityError
		untrusted *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		op        *net.OpError
		handshake *handshakeError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore) {
			return "certificate is not yet valid"
		}
		return "certificate has expired"
	case errors.As(err, &invalid):
		return "certificate is not valid"
	case errors.As(err, &wrongHost):
		return "certificate is not valid for host " + host
	case errors.As(err, &unknown):
		return "certificate is signed by an unknown authority"
	case errors.As(err, &untrusted):
		return "certificate cannot be verified"
	case errors.As(err, &record):
		return "the receiver does not speak TLS on this port (is it plain http?)"
	case errors.As(err, &op) && op.Op == "remote error":
		return "the receiver refused the TLS connection: " + strings.TrimPrefix(op.Err.Error(), "tls: ")
	case strings.Contains(err.Error(), "client conn could not be established"): // what net/http leaves of such an alert in HTTP/2
		return "the receiver closed the connection right after the TLS handshake (does it want a client certificate?)"
	case !errors.As(err, &handshake):
		return ""
	case isClosed(err):
		return "the receiver closed the connection during the TLS handshake"
	}
	return "the TLS handshake failed"
}

func connectMessage(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH):
		return "no route to host"
	case errors.Is(err, syscall.ENETUNREACH):
		return "network unreachable"
	case errors.Is(err, syscall.ETIMEDOUT):
		return "connection timed out"
	}
	return "no connection could be made"
}

// protocolMessage repeats nothing of what the receiver sent. Several errors of
// net/http can be told by their text only.
func protocolMessage(err error, at phase) string {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "net/http: invalid "):
		return "the request cannot be sent: " + strings.TrimPrefix(text, "net/http: ")
	case strings.Contains(text, "headers exceeded"), strings.Contains(text, "header list larger"), strings.Contains(text, "too many 1xx"):
		return "the headers of the answer are too large"
	case at == phaseBody && isClosed(err):
		return "the connection was closed in the middle of the answer"
	case isClosed(err):
		return "the connection was closed without an answer"
	case strings.Contains(text, "http2: "), strings.Contains(text, "stream error"), strings.Contains(text, "connection error"):
		return "the receiver broke off the HTTP/2 request"
	}
	return "the answer is not valid HTTP"
}

// isClosed reports whether the other side ended the connection.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		strings.Contains(err.Error(), "server closed idle connection")
}
