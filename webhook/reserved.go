package webhook

import "strings"

// maxHeaderName is how long the name of a profile's header may be, in bytes.
const maxHeaderName = 64

// checkHeaderName checks that a name is a token (RFC 9110, 5.6.2).
func checkHeaderName(field, name string) error {
	if name == "" || len(name) > maxHeaderName || strings.ContainsFunc(name, notOfToken) {
		return profileError(field, "%s is not a header name: 1 to %d letters, digits and characters of !#$%%&'*+-.^_`|~", quote(name), maxHeaderName)
	}
	return nil
}

func notOfToken(r rune) bool {
	letterOrDigit := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letterOrDigit && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// reservedNames are the headers that profiles must leave alone, by canonical
// name, with who sets them. Names in reservedPrefixes are reserved, too.
var reservedNames = func() map[string]string {
	const (
		connection = "concerns the connection" // RFC 9110, 7.6.1 and 10.1
		request    = "follows from the request"
		proxies    = "is read and written by proxies"
		others     = "has a meaning of its own to servers"
	)
	names := map[string]string{
		"User-Agent": "has a field of its own",
	}
	for why, list := range map[string]string{
		connection: "Connection Keep-Alive Te Trailer Transfer-Encoding Upgrade Http2-Settings Expect",
		request:    "Host Date Accept Accept-Encoding",
		proxies:    "Via Forwarded X-Real-Ip Max-Forwards Traceparent Tracestate Baggage",
		others:     "Authorization Cookie Set-Cookie Range Cache-Control Pragma Origin Referer",
	} {
		for name := range strings.FieldsSeq(list) {
			names[name] = why
		}
	}
	return names
}()

var reservedPrefixes = []struct{ prefix, why string }{
	{"Content-", "follows from the request"},
	{"If-", "has a meaning of its own to servers"},
	{"Proxy-", "concerns the connection"},
	{"Sec-", "has a meaning of its own to servers"},
	{"Webhook-", "is Ringback's own, as all names in webhook-"},
	{"X-Forwarded-", "is read and written by proxies"},
}

// reserved says why a header is none of a profile's, or "" if it can be.
func reserved(name string) string {
	key := newField(name).key
	for _, r := range reservedPrefixes {
		if strings.HasPrefix(key, r.prefix) {
			return r.why
		}
	}
	return reservedNames[key]
}
