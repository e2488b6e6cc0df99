package dispatch

import "testing"

func TestOrigin(t *testing.T) {
	for raw, want := range map[string]string{
		"https://Example.COM/a?b":      "https://example.com",
		"HTTPS://example.com:443/":     "https://example.com",
		"http://example.com:80":        "http://example.com",
		"http://example.com:443/":      "http://example.com:443",
		"https://example.com:8443/x/y": "https://example.com:8443",
		"https://[2001:DB8::1]:443/":   "https://[2001:db8::1]",
	} {
		if got := Origin(raw); got != want {
			t.Errorf("Origin(%q) = %q; want %q", raw, got, want)
		}
	}
}

func TestWithoutQuery(t *testing.T) {
	const raw = "https://user:pass@example.com:8443/a/b?token=secret#x"
	if got := withoutQuery(raw); got != "https://example.com:8443/a/b" {
		t.Errorf("withoutQuery(%q) = %q", raw, got)
	}
}
