package api

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// wrongKeysWindow is the time within which wrong keys are counted.
	wrongKeysWindow = time.Minute
	// maxAddresses bounds the memory; past it the oldest window is forgotten.
	maxAddresses = 10_000
)

// limiter counts the wrong keys of each address in windows of a minute, which
// begin with the first of them. Right keys are none of its business.
type limiter struct {
	allowed int

	mu        sync.Mutex
	addresses map[netip.Prefix]*window
	windows   []*window // the oldest first
}

type window struct {
	address netip.Prefix
	ends    time.Time
	keys    int
}

func newLimiter(allowed int) *limiter {
	return &limiter{allowed: allowed, addresses: make(map[netip.Prefix]*window)}
}

// count counts a wrong key. If there were too many it gives the time until the
// address may try again, otherwise 0.
func (l *limiter) count(remoteAddr string, now time.Time) time.Duration {
	address := network(remoteAddr)
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.windows) > 0 && !now.Before(l.windows[0].ends) {
		l.dropOldest()
	}
	w := l.addresses[address]
	if w == nil {
		if len(l.windows) >= maxAddresses {
			l.dropOldest()
		}
		w = &window{address: address, ends: now.Add(wrongKeysWindow)}
		l.addresses[address] = w
		l.windows = append(l.windows, w)
	}
	w.keys++
	if w.keys <= l.allowed {
		return 0
	}
	return w.ends.Sub(now)
}

func (l *limiter) dropOldest() {
	delete(l.addresses, l.windows[0].address)
	l.windows[0] = nil // let go of it before append moves the rest
	l.windows = l.windows[1:]
}

// network is what counts as one address: an IPv4 address, or the 64 bits of an
// IPv6 address that a customer has to themselves. What is no address ("@", a
// Unix socket) is one, too.
func network(remoteAddr string) netip.Prefix {
	addrPort, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	addr := addrPort.Addr().Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // fails for other numbers of bits alone
	return prefix
}
