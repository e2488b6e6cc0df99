package egress

import (
	"net"
	"net/netip"

	"code.dny.dev/ssrf"
)

// policy decides which URLs and addresses may be used.
type policy struct {
	allowHTTP    bool
	allowPrivate bool
	ownAddrs     func() []netip.AddrPort
	guard        *ssrf.Guardian
}

// azureWireServer is a public address that inside Azure is the host of the
// virtual machine, which hands out its credentials.
var azureWireServer = netip.MustParsePrefix("168.63.129.16/32")

// newPolicy takes the IANA special-purpose registries from ssrf, which denies
// all of IPv6 outside of 2000::/3 (so mapped, NAT64, unique local, link-local
// and zoned addresses), and Teredo, 6to4 and the other special blocks in it.
func newPolicy(cfg Config) policy {
	return policy{
		allowHTTP:    cfg.AllowHTTP,
		allowPrivate: cfg.AllowPrivate,
		ownAddrs:     cfg.OwnAddrs,
		guard:        ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(azureWireServer)),
	}
}

// dialRefusal says why a destination may not be dialled, as the end of a
// sentence about the address; empty means it may.
func (p *policy) dialRefusal(dst netip.AddrPort) string {
	if why := p.addrRefusal(dst.Addr()); why != "" {
		return why
	}
	if p.isOwn(dst) {
		return "belongs to this server itself, which does not call itself"
	}
	return ""
}

// addrRefusal is dialRefusal without the check for our own listeners.
func (p *policy) addrRefusal(addr netip.Addr) string {
	inner, form := embeddedIPv4(addr)
	for _, a := range [...]netip.Addr{addr.WithZone(""), inner} {
		if a.IsValid() && (a.IsUnspecified() || a.IsMulticast() || a == broadcast) {
			return "is not a public one: it is " + describe(a)
		}
	}
	if p.allowPrivate {
		return ""
	}
	if form != "" {
		return "is not a public one: it is the IPv4 address " + inner.String() + " in " + form + " form"
	}
	if p.guard.SafeAddr(addr) != nil {
		return "is not a public one: it is " + describe(addr)
	}
	return ""
}

var (
	broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
	teredo    = netip.MustParsePrefix("2001::/32")
	compat    = netip.MustParsePrefix("::/96")
)

// embeddedIPv4 returns the IPv4 address that an IPv6 one may be delivered to
// and the name of that form, or the zero Addr and "".
func embeddedIPv4(addr netip.Addr) (netip.Addr, string) {
	if !addr.Is6() {
		return netip.Addr{}, ""
	}
	addr = addr.WithZone("")
	b := addr.As16()
	last := netip.AddrFrom4([4]byte(b[12:]))
	switch {
	case addr.Is4In6():
		return last, "IPv4-mapped"
	case nat64.Contains(addr):
		return last, "NAT64"
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), "6to4"
	case teredo.Contains(addr):
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), "Teredo"
	case b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe:
		return last, "ISATAP"
	case compat.Contains(addr) && !addr.IsUnspecified() && !addr.IsLoopback():
		return last, "IPv4-compatible"
	}
	return netip.Addr{}, ""
}

// describe names the kind of an address that is not public.
func describe(addr netip.Addr) string {
	addr = addr.Unmap()
	switch {
	case addr.IsUnspecified():
		return "the unspecified address"
	case addr == broadcast:
		return "the broadcast address"
	case addr.IsMulticast():
		return "a multicast address"
	case addr.IsLoopback():
		return "a loopback address"
	case addr.IsPrivate():
		return "a private address"
	case addr.IsLinkLocalUnicast():
		return "a link-local address"
	case azureWireServer.Contains(addr):
		return "a cloud provider's metadata address"
	case addr.Zone() != "":
		return "an address with a zone"
	}
	return "in a range reserved for special purposes"
}

// isOwn reports whether dst is one of our own listeners, in whatever form.
func (p *policy) isOwn(dst netip.AddrPort) bool {
	if p.ownAddrs == nil {
		return false
	}
	inner, _ := embeddedIPv4(dst.Addr())
	addr := dst.Addr().Unmap().WithZone("")
	for _, own := range p.ownAddrs() {
		if own.Port() != dst.Port() {
			continue
		}
		listener := own.Addr().Unmap().WithZone("")
		if listener == addr || listener == inner {
			return true
		}
		if listener.IsUnspecified() && (isLocal(addr) || isLocal(inner)) {
			return true
		}
	}
	return false
}

// isLocal reports whether addr is one of this machine's. It asks the system
// each time (addresses come and go), and believes so if it cannot ask.
func isLocal(addr netip.Addr) bool {
	if !addr.IsValid() {
		return false
	}
	if addr.IsLoopback() {
		return true
	}
	local, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	for _, l := range local {
		if ipNet, ok := l.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(ipNet.IP); ok && ip.Unmap() == addr {
				return true
			}
		}
	}
	return false
}
