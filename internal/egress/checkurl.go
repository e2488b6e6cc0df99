package egress

import (
	"fmt"
	"net/url"
	"strings"
)

// MaxURL is the longest URL that is accepted, in characters.
const MaxURL = 2048

// URLError says why a customer's URL is refused. Neither field contains
// credentials, and URL has no query.
type URLError struct {
	URL    string // as given, shortened
	Reason string // what was wrong, with which value, what to do
}

func (e *URLError) Error() string { return fmt.Sprintf("URL %q: %s", e.URL, e.Reason) }

// CheckURL says whether a customer's URL may be kept, before any request:
// syntax and policy, without looking names up. What it accepts can still be
// refused by Do, once it is known which address a name has. The error is a
// *URLError.
func (c *Client) CheckURL(raw string) error {
	if _, why := c.policy.parseURL(raw); why != "" {
		return &URLError{URL: shortURL(raw), Reason: why}
	}
	return nil
}

// parseURL checks raw and returns it in the form to request, or why it is
// refused.
func (p *policy) parseURL(raw string) (u *url.URL, why string) {
	if why := checkCharacters(raw); why != "" {
		return nil, why
	}
	s, why := splitURL(raw)
	if why != "" {
		return nil, why
	}
	if strings.Contains(s.authority, "@") {
		return nil, "it contains a user name or password: remove everything up to the \"@\" before the host"
	}
	if strings.Contains(s.target, "#") {
		return nil, "it has a fragment, which is never sent to a server: remove the \"#\" and what follows"
	}
	if !p.allowHTTP && strings.EqualFold(s.scheme, "http") {
		return nil, "plain http is not allowed: use https (or, on a laptop, start the server with --allow-http)"
	}
	host, port, why := splitAuthority(s.authority, strings.Contains(raw, "@"))
	if why == "" {
		why = checkPort(port)
	}
	if why == "" {
		why = p.checkHost(host)
	}
	if why != "" {
		return nil, why
	}
	return exactURL(raw, s)
}

// checkCharacters refuses what no URL has, and what parsers disagree about.
func checkCharacters(raw string) (why string) {
	if raw == "" {
		return "it is empty: give an absolute URL such as https://example.com/hook"
	}
	if len(raw) > MaxURL {
		return fmt.Sprintf("it has %d characters, but at most %d are allowed", len(raw), MaxURL)
	}
	for i := range len(raw) {
		switch b := raw[i]; {
		case b == ' ':
			return fmt.Sprintf("character %d is a space: write it as %%20, or remove it", i+1)
		case b == '\\':
			return fmt.Sprintf("character %d is a backslash: write / between the parts, or %%5C for the character itself", i+1)
		case b < ' ' || b == 0x7f:
			return fmt.Sprintf("character %d is a control character (0x%02x): remove it", i+1, b)
		case b > 0x7f:
			return fmt.Sprintf("character %d is not ASCII: write a host name in punycode (xn--…) and anything else with percent-encoding", i+1)
		}
	}
	return ""
}

// splitParts are an absolute URL's scheme, what is between // and the next
// slash, question mark or hash, and the rest.
type splitParts struct{ scheme, authority, target string }

// splitURL takes an absolute http or https URL apart.
func splitURL(raw string) (s splitParts, why string) {
	scheme, rest, ok := cutScheme(raw)
	if !ok {
		return s, schemeMissing(raw)
	}
	web := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
	after, slashes := strings.CutPrefix(rest, "//")
	if !slashes && strings.Contains(rest, "@") {
		return s, "it must start with https:// and a host: other schemes are not supported, nor are user names and passwords"
	}
	switch {
	case web && !slashes:
		return s, fmt.Sprintf("after %q must come // and a host, as in https://example.com/hook", scheme+":")
	case !web && !slashes && looksLikePort(rest):
		return s, schemeMissing(raw)
	case !web:
		return s, fmt.Sprintf("the scheme %q is not supported: use https", scheme)
	}
	end := strings.IndexAny(after, "/?#")
	if end < 0 {
		end = len(after)
	}
	return splitParts{scheme: scheme, authority: after[:end], target: after[end:]}, ""
}

// cutScheme splits "scheme:rest" by the rules of RFC 3986.
func cutScheme(raw string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(raw, ":")
	if !ok || scheme == "" || !isLetter(scheme[0]) {
		return "", "", false
	}
	for i := range len(scheme) {
		if b := scheme[i]; !isLetter(b) && !isDigit(b) && b != '+' && b != '-' && b != '.' {
			return "", "", false
		}
	}
	return scheme, rest, true
}

// looksLikePort tells "example.com:8080/x" from "mailto:x".
func looksLikePort(rest string) bool { return rest != "" && isDigit(rest[0]) }

// schemeMissing is the reason for what is not an absolute URL, with what was
// probably meant.
func schemeMissing(raw string) string {
	host := strings.TrimPrefix(strings.TrimPrefix(raw, ":"), "//")
	if host == "" || strings.ContainsAny(host[:1], "/?#.:") {
		return "it is relative: give an absolute URL such as https://example.com/hook"
	}
	authority, _, _ := strings.Cut(host, "/")
	if strings.Contains(authority, "@") {
		return "it has no scheme and contains a user name or password: start with https:// and remove everything up to the \"@\""
	}
	return fmt.Sprintf("it has no scheme: did you mean %q?", "https://"+shortURL(host))
}

// exactURL parses a checked URL so that net/http requests the path and the
// query character for character as they were given.
func exactURL(raw string, s splitParts) (*url.URL, string) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, "it is malformed: check that every % is followed by two hexadecimal digits"
	}
	path, _, _ := strings.Cut(s.target, "?")
	if u.EscapedPath() == path {
		return u, ""
	}
	if strings.HasPrefix(path, "//") {
		return nil, "its path starts with // and contains a character that must be percent-encoded, one of \" < > ^ ` { | }"
	}
	u.Opaque = path // sent as it is, where the parsed path would be encoded anew
	return u, ""
}

// shortURL is raw fit for a message: without credentials and query, and not
// long. When in doubt about where credentials end it leaves more out.
func shortURL(raw string) string {
	start := 0
	if scheme, rest, ok := cutScheme(raw); ok && (strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, `\`)) {
		start = len(scheme) + 1
	}
	start += len(raw[start:]) - len(strings.TrimLeft(raw[start:], `/\`))
	authority := raw[start:]
	if end := strings.IndexAny(authority, `/\?#`); end >= 0 {
		authority = authority[:end]
	}
	_, port, _ := strings.Cut(authority, ":")
	if at := strings.LastIndexByte(raw, '@'); at >= start && (strings.Contains(authority, "@") || strings.Trim(port, "0123456789") != "") {
		raw = raw[:start] + "***" + raw[at:]
	}
	const longest = 200
	short := raw
	if end := strings.IndexAny(short, "?#"); end >= 0 {
		short = short[:end] + short[end:end+1] + "…"
	}
	if len(short) > longest {
		short = strings.ToValidUTF8(short[:longest], "") + "…"
	}
	return short
}

func isDigit(b byte) bool  { return '0' <= b && b <= '9' }
func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
