package egress

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

// countingServer counts the connections it gets.
func countingServer(t *testing.T) (addr netip.AddrPort, count *atomic.Int64) {
	t.Helper()
	count = new(atomic.Int64)
	raw := rawServer(t, func(int, net.Conn) { count.Add(1) })
	return netip.MustParseAddrPort(raw), count
}

func portOf(addr netip.AddrPort) string {
	_, port, _ := net.SplitHostPort(addr.String())
	return port
}

func TestNameOfPrivateAddressIsBlocked(t *testing.T) {
	server, count := countingServer(t)
	for _, addr := range []string{"127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "100.64.0.1"} {
		c := newTestClient(t, Config{
			AllowHTTP: true,
			Resolver:  newResolver(t, func(string) []string { return []string{addr} }),
		})
		target := "http://hooks.example:" + portOf(server) + "/"
		if err := c.CheckURL(target); err != nil {
			t.Fatal(err)
		}
		_, err := c.Do(t.Context(), Request{URL: target, Timeout: 5 * time.Second})
		wantError(t, err, KindBlocked, "the address "+addr+" of host hooks.example is not a public one")
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

// A name that had a public address when it was looked at has a private one when
// it is called.
func TestRebindingIsBlocked(t *testing.T) {
	server, count := countingServer(t)
	var asked atomic.Int64
	resolver := newResolver(t, func(string) []string {
		if asked.Add(1) == 1 {
			return []string{"93.184.215.14"}
		}
		return []string{"127.0.0.1"}
	})
	c := newTestClient(t, Config{AllowHTTP: true, Resolver: resolver})
	first, err := resolver.LookupHost(t.Context(), "hooks.example")
	if err != nil || first[0] != "93.184.215.14" {
		t.Fatal(first, err)
	}
	_, err = c.Do(t.Context(), Request{URL: "http://hooks.example:" + portOf(server) + "/"})
	wantError(t, err, KindBlocked, "127.0.0.1", "hooks.example")
	if n := count.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

// dialRaw dials what CheckURL would not let through.
func dialRaw(t *testing.T, c *Client, addr string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	a := newAttempt(t.Context(), ctx, time.Now(), &url.URL{Scheme: "http", Host: addr})
	conn, err := c.dialPlain(a, "tcp", addr)
	if err == nil {
		_ = conn.Close()
		return nil
	}
	return a.explain(err, phaseHeaders)
}

func TestDialChecksEverySpelling(t *testing.T) {
	server, count := countingServer(t)
	port := portOf(server)
	c := newTestClient(t, Config{Resolver: newResolver(t, func(string) []string { return []string{"127.0.0.1"} })})
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "localhost", "0x7f000001", "name.example", "name.example.",
		"[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]",
		"[fe80::1%lo]", "[::]", "0.0.0.0", "[ff02::1%lo]", "224.0.0.1", "255.255.255.255",
	} {
		t.Run(host, func(t *testing.T) {
			wantError(t, dialRaw(t, c, host+":"+port), KindBlocked, "is not a public one")
		})
	}
	for _, host := range []string{"2130706433", "0177.0.0.1", "127.1", "127.0.0.1."} {
		if err := dialRaw(t, c, host+":"+port); err == nil { // a resolver may know them, or not
			t.Errorf("%s was dialled", host)
		}
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

func TestAllowPrivateStillBlocks(t *testing.T) {
	c := newTestClient(t, laptop)
	for _, host := range []string{"0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]", "255.255.255.255", "[64:ff9b::]"} {
		wantError(t, dialRaw(t, c, host+":9"), KindBlocked, "is not a public one")
	}
}

func TestOwnListenersAreNeverDialled(t *testing.T) {
	server, count := countingServer(t)
	port := server.Port()
	own := func(s string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(s), port) }
	for _, tc := range []struct {
		name     string
		listener netip.AddrPort
		host     string
	}{
		{"same", own("127.0.0.1"), "127.0.0.1"},
		{"mapped listener", own("::ffff:127.0.0.1"), "127.0.0.1"},
		{"mapped target", own("127.0.0.1"), "[::ffff:127.0.0.1]"},
		{"NAT64 target", own("127.0.0.1"), "[64:ff9b::127.0.0.1]"},
		{"name", own("127.0.0.1"), "me.example"},
		{"IPv4 wildcard", own("0.0.0.0"), "127.0.0.1"},
		{"IPv6 wildcard", own("::"), "127.0.0.1"},
		{"other loopback address", own("::"), "127.9.9.9"},
		{"this machine's name", own("0.0.0.0"), "me.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTestClient(t, Config{
				AllowPrivate: true,
				OwnAddrs:     func() []netip.AddrPort { return []netip.AddrPort{tc.listener} },
				Resolver:     newResolver(t, func(string) []string { return []string{"127.0.0.1"} }),
			})
			err := dialRaw(t, c, tc.host+":"+portOf(server))
			wantError(t, err, KindBlocked, "belongs to this server itself")
		})
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

// A wildcard listener stands for the machine's other addresses too, and for
// nothing that is not the machine's.
func TestWildcardListener(t *testing.T) {
	p := newPolicy(Config{AllowPrivate: true, OwnAddrs: func() []netip.AddrPort {
		return []netip.AddrPort{netip.MustParseAddrPort("[::]:8080"), netip.MustParseAddrPort("127.0.0.1:9090")}
	}})
	locals, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range locals {
		addr := netip.MustParsePrefix(l.String()).Addr()
		if !p.isOwn(netip.AddrPortFrom(addr, 8080)) {
			t.Errorf("%s:8080 is not taken for our own", addr)
		}
		if p.isOwn(netip.AddrPortFrom(addr, 8081)) {
			t.Errorf("%s:8081 is taken for our own", addr)
		}
	}
	for _, other := range []string{"93.184.215.14:8080", "[2606:4700::1111]:8080", "127.0.0.2:9090"} {
		if p.isOwn(netip.MustParseAddrPort(other)) {
			t.Errorf("%s is taken for our own", other)
		}
	}
}

func TestOtherPortOfThisMachineIsDialled(t *testing.T) {
	s := newServer(t, func(http.ResponseWriter, *http.Request) {})
	cfg := laptop
	cfg.OwnAddrs = func() []netip.AddrPort { return []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:1")} }
	if _, err := newTestClient(t, cfg).Do(t.Context(), Request{URL: s.URL}); err != nil {
		t.Fatal(err)
	}
}

func TestPublicAddressesPassTheDialCheck(t *testing.T) {
	p := newPolicy(Config{})
	for _, addr := range []string{"93.184.215.14:80", "8.8.8.8:1", "[2606:4700:4700::1111]:443"} {
		if why := p.dialRefusal(netip.MustParseAddrPort(addr)); why != "" {
			t.Errorf("%s is refused: it %s", addr, why)
		}
	}
}

func TestPolicyAgreesWithIndependentList(t *testing.T) {
	p := newPolicy(Config{})
	for _, prefix := range notPublic {
		last := lastOf(prefix)
		for _, addr := range []netip.Addr{prefix.Addr(), last} {
			if p.addrRefusal(addr) == "" {
				t.Errorf("%s of %s is accepted", addr, prefix)
			}
		}
	}
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	addr, _ := netip.AddrFromSlice(b)
	return addr
}
