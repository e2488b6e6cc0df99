package egress

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// splitAuthority takes "host", "host:port", "[v6]" or "[v6]:port" apart. port
// keeps its colon, so that an empty one can be told from none. What follows a
// colon is not repeated if it could be a password.
func splitAuthority(authority string, maybePassword bool) (host, port, why string) {
	if authority == "" {
		return "", "", "it has no host: give one, as in https://example.com/hook"
	}
	if strings.HasPrefix(authority, "[") {
		end := strings.IndexByte(authority, ']')
		if end < 0 {
			return "", "", "its IPv6 address lacks the closing ]"
		}
		host, port = authority[:end+1], authority[end+1:]
		if port != "" && port[0] != ':' {
			return "", "", "only :port may follow the ] of an IPv6 address"
		}
	} else if i := strings.IndexByte(authority, ':'); i >= 0 {
		host, port = authority[:i], authority[i:]
	} else {
		host = authority
	}
	switch {
	case host == "":
		return "", "", "it has no host before the port: give one, as in https://example.com:8443/hook"
	case maybePassword && strings.Trim(port, ":0123456789") != "":
		return "", "", "its port is not a number; if that is a user name or password, remove everything up to the \"@\""
	case strings.Count(port, ":") > 1:
		return "", "", "it has several colons in its host: an IPv6 address must be in brackets, as in https://[2001:db8::1]/hook"
	}
	return host, port, ""
}

// checkPort checks "" or ":port".
func checkPort(port string) (why string) {
	if port == "" {
		return ""
	}
	port = port[1:]
	if port == "" {
		return "its port is empty: remove the colon after the host or give a port"
	}
	if strings.Trim(port, "0123456789") != "" {
		return fmt.Sprintf("its port %q is not a number", port)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Sprintf("its port %s is not between 1 and 65535", port)
	}
	return ""
}

// checkHost checks a name, an IPv4 address or a bracketed IPv6 address.
func (p *policy) checkHost(host string) (why string) {
	if strings.HasPrefix(host, "[") {
		return p.checkIPv6(host[1 : len(host)-1])
	}
	if why := checkName(host); why != "" {
		return why
	}
	name := strings.TrimSuffix(host, ".")
	if endsInNumber(name) {
		return p.checkIPv4(host, name)
	}
	if p.allowPrivate {
		return ""
	}
	if lower := strings.ToLower(name); lower == "localhost" || strings.HasSuffix(lower, ".localhost") {
		return fmt.Sprintf("the host %s is this machine, not a public one: give a host that the server can reach over the internet", host)
	}
	return ""
}

// checkName checks the characters and lengths of a host name.
func checkName(host string) (why string) {
	if strings.Contains(host, "%") {
		return "its host contains percent-encoding: write the host as plain characters"
	}
	if len(host) > 254 {
		return fmt.Sprintf("its host has %d characters, but at most 253 are allowed", len(host))
	}
	for i := range len(host) {
		if b := host[i]; !isLetter(b) && !isDigit(b) && b != '-' && b != '_' && b != '.' {
			return fmt.Sprintf("its host contains %q, which no host name has", b)
		}
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" {
			return fmt.Sprintf("its host %q has an empty part: check the dots", host)
		}
		if len(label) > 63 {
			return fmt.Sprintf("a part of its host has %d characters, but at most 63 are allowed between dots", len(label))
		}
	}
	return ""
}

// checkIPv6 checks what is between the brackets.
func (p *policy) checkIPv6(inside string) (why string) {
	text, zone, zoned := strings.Cut(inside, "%")
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is6() {
		return fmt.Sprintf("%q is not an IPv6 address", "["+inside+"]")
	}
	if zoned {
		zone, escaped := strings.CutPrefix(zone, "25")
		if !escaped || zone == "" || checkName(zone) != "" {
			return fmt.Sprintf("the zone of %q is malformed: write %%25 and a name, as in [fe80::1%%25eth0]", "["+inside+"]")
		}
		addr = addr.WithZone(zone)
	}
	if why := p.addrRefusal(addr); why != "" {
		return "the address " + addr.String() + " " + why
	}
	return ""
}

// endsInNumber reports whether a host's last part is a number, so that some
// parsers take the whole for an IPv4 address, however it is written.
func endsInNumber(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	return len(last) >= 2 && last[0] == '0' && last[1]|0x20 == 'x' && strings.Trim(last[2:], "0123456789abcdefABCDEF") == ""
}

// checkIPv4 accepts public dotted quads. Other spellings are refused even of
// public addresses: resolvers do not agree on what they mean.
func (p *policy) checkIPv4(host, name string) (why string) {
	addr, ok := legacyIPv4(name)
	if !ok {
		return fmt.Sprintf("its host %q ends in a number but is not an IPv4 address", host)
	}
	if why := p.addrRefusal(addr); why != "" {
		if host != addr.String() {
			return fmt.Sprintf("the host %s is the address %s, which %s", host, addr, why)
		}
		return "the address " + host + " " + why
	}
	if host != addr.String() {
		return fmt.Sprintf("the host %s is an unusual spelling of an address: write %s", host, addr)
	}
	return ""
}

// legacyIPv4 reads what inet_aton does: one to four parts in decimal, octal
// (0…) or hexadecimal (0x…), of which the last fills the remaining bytes.
func legacyIPv4(name string) (netip.Addr, bool) {
	parts := strings.Split(name, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, part := range parts {
		n, ok := legacyNumber(part)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if !ok || n >= 1<<bits {
			return netip.Addr{}, false
		}
		sum = sum<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}

// legacyNumber reads one part of such an address; "0x" alone is zero.
func legacyNumber(part string) (uint64, bool) {
	base := 10
	switch {
	case len(part) >= 2 && part[0] == '0' && part[1]|0x20 == 'x':
		if part = part[2:]; part == "" {
			return 0, true
		}
		base = 16
	case len(part) >= 2 && part[0] == '0':
		base = 8
	}
	n, err := strconv.ParseUint(part, base, 64)
	return n, err == nil
}
