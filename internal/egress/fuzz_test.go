package egress

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// notPublic is written down anew here, so that a mistake in the policy's lists
// is not repeated by the test of it.
var notPublic = func() []netip.Prefix {
	var list []netip.Prefix
	for s := range strings.FieldsSeq(`
		0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
		192.0.0.0/24 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24
		203.0.113.0/24 224.0.0.0/3
		::/3 4000::/2 8000::/1 2001::/32 2001:db8::/32 2002::/16 3fff::/20`) {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}()

func isPublic(addr netip.Addr) bool {
	for _, p := range notPublic {
		if p.Contains(addr) {
			return false
		}
	}
	return addr.Zone() == ""
}

// literal reads host as an address if any parser might: strictly, or as
// inet_aton would, which strconv's base 0 resembles.
func literal(host string) (netip.Addr, bool) {
	host = strings.TrimSuffix(host, ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr, true
	}
	var bytes [4]byte
	parts := strings.Split(host, ".")
	if len(parts) > 4 || strings.ContainsAny(host, "_boBO") && !strings.ContainsAny(host, "xX") {
		return netip.Addr{}, false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 0, 33)
		if err != nil {
			return netip.Addr{}, false
		}
		if i < len(parts)-1 {
			bytes[i] = byte(n)
			continue
		}
		for j := 3; j >= i; j-- {
			bytes[j] = byte(n)
			n >>= 8
		}
	}
	return netip.AddrFrom4(bytes), true
}

func FuzzCheckURL(f *testing.F) {
	for _, cases := range [][]urlCase{syntaxCases, addressCases, laptopCases} {
		for _, tc := range cases {
			f.Add(tc.url)
		}
	}
	strict, lax := New(Config{AllowHTTP: true}), New(laptop)
	f.Fuzz(func(t *testing.T, raw string) {
		err := strict.CheckURL(raw)
		if err != nil {
			checkRefusal(t, raw, err)
			return
		}
		if err := lax.CheckURL(raw); err != nil {
			t.Fatalf("%q is refused only where more is allowed: %v", raw, err)
		}
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatalf("%q is accepted but %v", raw, err)
		}
		if u.User != nil || strings.Contains(raw, "#") || (u.Scheme != "http" && u.Scheme != "https") {
			t.Fatalf("%q is accepted", raw)
		}
		if addr, ok := literal(u.Hostname()); ok && !isPublic(addr) {
			t.Fatalf("%q is accepted, a URL of %s", raw, addr)
		}
		checkTarget(t, strict, raw)
	})
}

// checkRefusal checks that the error has a reason, and not a password.
func checkRefusal(t *testing.T, raw string, err error) {
	var refused *URLError
	if !errors.As(err, &refused) || refused.Reason == "" {
		t.Fatalf("%q is refused with %v", raw, err)
	}
	u, parseErr := url.Parse(raw)
	if parseErr != nil || u.User == nil {
		return
	}
	userinfo := raw[strings.Index(raw, "//")+2 : strings.LastIndex(raw, "@")]
	_, password, _ := strings.Cut(userinfo, ":")
	if len(password) >= 6 && strings.Count(raw, password) == 1 &&
		strings.Contains(refused.URL, password) {
		t.Fatalf("%q: the error's URL %q repeats the password", raw, refused.URL)
	}
}

// checkTarget checks that the request line will have the bytes of raw.
func checkTarget(t *testing.T, c *Client, raw string) {
	u, why := c.policy.parseURL(raw)
	if why != "" {
		t.Fatal(why)
	}
	_, want, _ := strings.Cut(raw, "://")
	if i := strings.IndexAny(want, "/?"); i >= 0 {
		want = want[i:]
	} else {
		want = ""
	}
	if !strings.HasPrefix(want, "/") {
		want = "/" + want
	}
	if got := u.RequestURI(); got != want {
		t.Fatalf("%q is requested as %q, want %q", raw, got, want)
	}
}
