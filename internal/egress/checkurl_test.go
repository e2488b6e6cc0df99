package egress

import (
	"errors"
	"strings"
	"testing"
)

// urlCase is a URL and a fragment of the reason to refuse it; empty: accepted.
type urlCase struct{ url, reason string }

var syntaxCases = []urlCase{
	{"https://example.com", ""},
	{"https://example.com/", ""},
	{"HTTPS://EXAMPLE.COM/Hook", ""},
	{"https://example.com:8443/hook?a=b", ""},
	{"https://example.com:65535/", ""},
	{"https://example.com./hook", ""},
	{"https://hooks_1.example.com/x", ""},
	{"https://xn--bcher-kva.example/x", ""},
	{"https://example.com/upload;v=1/a%2Fb/it's?filename=a%20b.mp4&x=1|2", ""},
	{"https://example.com/a|b{c}", ""},
	{"https://example.com?token=1", ""},
	{"https://example.com/@me/hook", ""},
	{"https://example.com/?to=me@example.com", ""},
	{"https://example.com//double", ""},
	{"https://0x7f.example.com/", ""},
	{"https://127.0.0.1.example.com/", ""},
	{"https://localhost.example.com/", ""},
	{"https://" + strings.Repeat("a", 63) + ".example/", ""},
	{"https://example.com/" + strings.Repeat("x", MaxURL-20), ""},

	{"", "empty"},
	{"/hook", "relative"},
	{"hook.html", `did you mean "https://hook.html"`},
	{"./hook", "relative"},
	{"?a=b", "relative"},
	{"#x", "relative"},
	{"//", "relative"},
	{"//example.com/hook", `did you mean "https://example.com/hook"`},
	{"://example.com/hook", `did you mean "https://example.com/hook"`},
	{"example.com/hook", `did you mean "https://example.com/hook"`},
	{"example.com:8080/hook", `did you mean "https://example.com:8080/hook"`},
	{"localhost:3000/x?secret=1", `did you mean "https://localhost:3000/x?…"`},
	{"1.2.3.4/hook", `did you mean "https://1.2.3.4/hook"`},
	{"https:example.com", "must come //"},
	{"https:/example.com", "must come //"},
	{"ftp://example.com/", `scheme "ftp" is not supported`},
	{"ws://example.com/", `scheme "ws" is not supported`},
	{"FILE:///etc/passwd", `scheme "FILE" is not supported`},
	{"javascript:alert(1)", `scheme "javascript" is not supported`},
	{"mailto:me@example.com", "other schemes are not supported"},
	{"http://example.com/", "--allow-http"},
	{"HTTP://example.com/", "plain http is not allowed: use https"},

	{"https://user:hunter2@example.com/", "user name or password"},
	{"https://user@example.com/", "user name or password"},
	{"https://@example.com/", "user name or password"},
	{"https://:@example.com/", "user name or password"},
	{"https://user:hun@ter2@example.com/", "user name or password"},
	{"https://user:hunter2/x@example.com/", "user name or password"},
	{"https://user:hunter2?x@example.com/", "user name or password"},
	{"https://user:hunter2#x@example.com/", "fragment"},
	{"user:hunter2@example.com/", "user names and passwords"},
	{"hunter2@example.com/", "user name or password"},
	{"https:user:hunter2@example.com/", "user names and passwords"},
	{"ftp://user:hunter2@example.com/", `scheme "ftp" is not supported`},

	{"https://example.com/#top", "fragment"},
	{"https://example.com/#", "fragment"},
	{"https://example.com#", "fragment"},
	{"https://example.com/?a#b", "fragment"},

	{"https://example.com:/", "port is empty"},
	{"https://example.com:", "port is empty"},
	{"https://example.com:0/", "port 0 is not between 1 and 65535"},
	{"https://example.com:65536/", "port 65536 is not between"},
	{"https://example.com:99999999999999999999/", "not between 1 and 65535"},
	{"https://example.com:https/", `port "https" is not a number`},
	{"https://example.com:-1/", `port "-1" is not a number`},
	{"https://example.com:+80/", `port "+80" is not a number`},
	{"https://example.com:80:90/", "several colons"},
	{"https://2606:4700::1111/", "several colons"},
	{"https://[2606:4700::1111]:0/", "port 0"},
	{"https://[2606:4700::1111]:/", "port is empty"},

	{"https:///hook", "no host"},
	{"https://", "no host"},
	{"https://?a", "no host"},
	{"https://:443/hook", "no host before the port"},
	{"https://./", "empty part"},
	{"https://.example.com/", "empty part"},
	{"https://a..b/", "empty part"},
	{"https://example.com../", "empty part"},
	{"https://" + strings.Repeat("a", 64) + ".example/", "at most 63"},
	{"https://" + strings.Repeat("a.", 127) + "ab/", "at most 253"},
	{"https://exa,mple.com/", `contains ','`},
	{"https://a!b/", `contains '!'`},
	{"https://<script>/", `contains '<'`},
	{"https://ex%61mple.com/", "percent-encoding"},
	{"https://%31%32%37.0.0.1/", "percent-encoding"},
	{"https://%e4%bd%a0/", "percent-encoding"},
	{"https://example.com%2f@x/", "user name or password"},

	{"https://example.com/a b", "character 22 is a space"},
	{" https://example.com/", "character 1 is a space"},
	{"https://example.com/ ", "space"},
	{`https:\\example.com\hook`, "character 7 is a backslash"},
	{`https://example.com\@evil.example/`, "backslash"},
	{"https://example.com/\n", "control character (0x0a)"},
	{"https://example.com/\x00", "control character (0x00)"},
	{"https://example.com/\x7f", "control character (0x7f)"},
	{"https://exam\tple.com/", "control character (0x09)"},
	{"https://bücher.example/", "punycode"},
	{"https://example.com/bücher", "percent-encoding"},
	{"https://example.com/\xff", "not ASCII"},
	{"https://example。com/", "punycode"},
	{"https://example.com/" + strings.Repeat("x", MaxURL-19), "2049 characters"},
	{"https://example.com/%zz", "two hexadecimal digits"},
	{"https://example.com/%", "two hexadecimal digits"},
	{"https://example.com//a|b", "percent-encoded"},

	{"https://[2606:4700::1111/", "closing ]"},
	{"https://[/", "closing ]"},
	{"https://[]/", "not an IPv6 address"},
	{"https://[example.com]/", "not an IPv6 address"},
	{"https://[93.184.215.14]/", "not an IPv6 address"},
	{"https://[2606:4700::1111]x/", "only :port may follow"},
	{"https://[2606:4700::1111%eth0]/", "zone"},
	{"https://[2606:4700::1111%25]/", "zone"},
	{"https://[[::1]]/", "only :port may follow"},
	{"https://2606:4700::1111]/", "several colons"},
}

var addressCases = []urlCase{
	{"https://93.184.215.14/", ""},
	{"https://8.8.8.8:8443/x", ""},
	{"https://[2606:4700:4700::1111]/", ""},
	{"https://[2606:4700:4700::1111]:8443/", ""},
	{"https://100.63.255.255/", ""},
	{"https://172.32.0.1/", ""},

	{"https://127.0.0.1/", "the address 127.0.0.1 is not a public one: it is a loopback address"},
	{"https://127.255.255.254/", "loopback"},
	{"https://10.0.0.1/", "private address"},
	{"https://172.16.0.1/", "private address"},
	{"https://192.168.1.1:8080/", "private address"},
	{"https://169.254.169.254/latest/meta-data/", "link-local"},
	{"https://168.63.129.16/", "metadata"},
	{"https://100.64.0.1/", "reserved"},
	{"https://100.100.100.200/", "reserved"},
	{"https://0.0.0.0/", "unspecified"},
	{"https://0.1.2.3/", "reserved"},
	{"https://192.0.2.1/", "reserved"},
	{"https://198.51.100.1/", "reserved"},
	{"https://203.0.113.1/", "reserved"},
	{"https://198.18.0.1/", "reserved"},
	{"https://192.88.99.1/", "reserved"},
	{"https://240.0.0.1/", "reserved"},
	{"https://224.0.0.1/", "multicast"},
	{"https://255.255.255.255/", "broadcast"},

	{"https://2130706433/", "the host 2130706433 is the address 127.0.0.1, which is not a public one"},
	{"https://0x7f000001/", "the address 127.0.0.1"},
	{"https://0X7F000001/", "the address 127.0.0.1"},
	{"https://0x7f.1/", "the address 127.0.0.1"},
	{"https://0177.0.0.1/", "the address 127.0.0.1"},
	{"https://0177.0.0.01/", "the address 127.0.0.1"},
	{"https://017700000001/", "the address 127.0.0.1"},
	{"https://127.1/", "the address 127.0.0.1"},
	{"https://127.0.1/", "the address 127.0.0.1"},
	{"https://127.0.0.1./", "the address 127.0.0.1"},
	{"https://0x0a.0.0.1/", "the address 10.0.0.1"},
	{"https://2852039166/", "the address 169.254.169.254"},
	{"https://0/", "the address 0.0.0.0"},
	{"https://0x/", "the address 0.0.0.0"},
	{"https://1572395022/", "unusual spelling of an address: write 93.184.216.14"},
	{"https://93.184.215.14./", "unusual spelling of an address: write 93.184.215.14"},
	{"https://256.0.0.1/", "not an IPv4 address"},
	{"https://1.2.3.4.5/", "not an IPv4 address"},
	{"https://08.0.0.1/", "not an IPv4 address"},
	{"https://4294967296/", "not an IPv4 address"},
	{"https://0xffffffffffffffffff/", "not an IPv4 address"},
	{"https://example.com.1/", "not an IPv4 address"},
	{"https://foo.0x1/", "not an IPv4 address"},

	{"https://[::1]/", "loopback"},
	{"https://[0:0:0:0:0:0:0:1]/", "loopback"},
	{"https://[::]/", "unspecified"},
	{"https://[::ffff:127.0.0.1]/", "IPv4-mapped"},
	{"https://[::ffff:7f00:1]/", "the IPv4 address 127.0.0.1"},
	{"https://[::ffff:0.0.0.0]/", "unspecified"},
	{"https://[::127.0.0.1]/", "IPv4-compatible"},
	{"https://[64:ff9b::127.0.0.1]/", "NAT64"},
	{"https://[64:ff9b::a9fe:a9fe]/", "the IPv4 address 169.254.169.254"},
	{"https://[64:ff9b:1::1]/", "reserved"},
	{"https://[2002:7f00:1::]/", "6to4"},
	{"https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/", "the IPv4 address 127.0.0.1 in Teredo form"},
	{"https://[2606:4700::5efe:127.0.0.1]/", "ISATAP"},
	{"https://[2606:4700::200:5efe:10.0.0.1]/", "ISATAP"},
	{"https://[fe80::1]/", "link-local"},
	{"https://[fe80::1%25eth0]/", "link-local"},
	{"https://[2606:4700::1111%25eth0]/", "zone"},
	{"https://[fd00:ec2::254]/", "private address"},
	{"https://[fec0::1]/", "reserved"},
	{"https://[ff02::1]/", "multicast"},
	{"https://[2001:db8::1]/", "reserved"},
	{"https://[3fff::1]/", "reserved"},
	{"https://[100::1]/", "reserved"},
	{"https://[5f00::1]/", "reserved"},

	{"https://localhost/", "the host localhost is this machine"},
	{"https://LocalHost:8080/", "this machine"},
	{"https://localhost./", "this machine"},
	{"https://api.localhost/", "this machine"},
	{"https://api.localhost./", "this machine"},
}

// laptopCases hold with AllowHTTP and AllowPrivate.
var laptopCases = []urlCase{
	{"http://example.com/", ""},
	{"http://localhost:3000/hook", ""},
	{"http://api.localhost/", ""},
	{"http://127.0.0.1:8080/", ""},
	{"http://10.0.0.1/", ""},
	{"http://[::1]:8080/", ""},
	{"http://[fe80::1%25eth0]/", ""},
	{"https://[::ffff:127.0.0.1]/", ""},
	{"http://127.1/", "unusual spelling of an address: write 127.0.0.1"},
	{"http://0.0.0.0:8080/", "unspecified"},
	{"http://[::]:8080/", "unspecified"},
	{"http://[::ffff:0.0.0.0]/", "unspecified"},
	{"http://224.0.0.1/", "multicast"},
	{"http://[ff02::1]/", "multicast"},
	{"http://255.255.255.255/", "broadcast"},
	{"ftp://127.0.0.1/", "not supported"},
}

func TestCheckURL(t *testing.T) {
	for _, suite := range []struct {
		name  string
		cfg   Config
		cases []urlCase
	}{
		{"syntax", Config{}, syntaxCases},
		{"address", Config{}, addressCases},
		{"laptop", laptop, laptopCases},
	} {
		c := newTestClient(t, suite.cfg)
		for _, tc := range suite.cases {
			t.Run(suite.name+"/"+shortURL(tc.url), func(t *testing.T) {
				checkOne(t, c, tc)
			})
		}
	}
}

func checkOne(t *testing.T, c *Client, tc urlCase) {
	err := c.CheckURL(tc.url)
	if tc.reason == "" {
		if err != nil {
			t.Errorf("%q is refused: %v", tc.url, err)
		}
		return
	}
	var refused *URLError
	if !errors.As(err, &refused) {
		t.Fatalf("%q: error is %v, want a *URLError", tc.url, err)
	}
	if !strings.Contains(refused.Reason, tc.reason) {
		t.Errorf("%q: reason %q lacks %q", tc.url, refused.Reason, tc.reason)
	}
	for _, secret := range []string{"hunter2", "ter2", "secret=1"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the message repeats %q: %s", secret, err)
		}
	}
}

func TestURLErrorIsShort(t *testing.T) {
	c := newTestClient(t, Config{})
	err := c.CheckURL("https://example.com/" + strings.Repeat("é", 100_000))
	if len(err.Error()) > 600 {
		t.Errorf("the message has %d bytes", len(err.Error()))
	}
}
