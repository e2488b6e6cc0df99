package egress

// Kind says in which part of a request an error arose.
type Kind string

// The kinds of errors.
const (
	KindURL      Kind = "url"      // the URL is refused; nothing was sent
	KindBlocked  Kind = "blocked"  // the address is refused; nothing was sent
	KindDNS      Kind = "dns"      // the name has no address
	KindConnect  Kind = "connect"  // no TCP connection
	KindTLS      Kind = "tls"      // no trusted TLS connection
	KindTimeout  Kind = "timeout"  // no complete answer by the deadline
	KindProtocol Kind = "protocol" // no complete or no valid HTTP answer
	KindCanceled Kind = "canceled" // the caller's context was canceled
)

// Error is a request that got no complete answer. Message is for the customer:
// short, in plain words, without secrets, queries of URLs or addresses of ours.
// The cause behind Unwrap promises none of that: keep it out of what customers
// see.
type Error struct {
	Kind    Kind
	Message string
	cause   error
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns what the network or the system reported.
func (e *Error) Unwrap() error { return e.cause }
