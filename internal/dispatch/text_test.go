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

func TestSecretHeader(t *testing.T) {
	for name, want := range map[string]bool{
		"Authorization": true, "X-Api-Key": true, "Cookie": true, "X-Auth": true, "X-Session-Id": true,
		"X-Access-Token": true, "X-Secret": true, "X-Env": false, "Accept": false, "X-Tenant": false,
	} {
		if got := secretHeader(name); got != want {
			t.Errorf("secretHeader(%q) = %v", name, got)
		}
	}
}

func TestWithoutQuery(t *testing.T) {
	const raw = "https://user:pass@example.com:8443/a/b?token=secret#x"
	if got := withoutQuery(raw); got != "https://example.com:8443/a/b" {
		t.Errorf("withoutQuery(%q) = %q", raw, got)
	}
}
