package webhook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limits of custom profiles, in bytes unless another unit is named.
const (
	maxProfileName  = 64
	maxPrefix       = 32
	maxUserAgent    = 128
	maxExtraHeaders = 8 // headers
)

// ProfileError is what is wrong with a profile.
type ProfileError struct {
	// Field is the field at fault, spelled as in JSON: "name", "shape",
	// "header", "extra_headers", "user_agent", "retry_schedule", "content",
	// "algorithm", "key_form", "encoding", "prefix", "ed25519_prefix", "layout".
	Field string
	// Problem is what is wrong with it, and what is allowed.
	Problem string
}

// Error names the field and the problem.
func (e *ProfileError) Error() string { return "profile: " + e.Field + ": " + e.Problem }

func profileError(field, format string, args ...any) error {
	return &ProfileError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// Check says what is wrong with a custom profile, if anything, as a
// [*ProfileError]: a profile that passes can be sent, and verified by whoever
// has the secret.
//
//   - Name: 1 to 64 of a-z, 0-9 and "-", and not the name of a built-in profile
//   - Shape: one of the constants
//   - SignatureHeader and the at most 8 ExtraHeaders: different tokens (RFC 9110,
//     5.6.2) of at most 64 bytes, none of them a header that clients, proxies or
//     Ringback set themselves. Of the names in webhook-, SignatureHeader may be
//     webhook-signature, which is nobody else's in a call.
//   - UserAgent: at most 128 bytes of visible ASCII, and spaces within
//   - RetrySchedule: no negative delay. How many there may be, and how long, is
//     for the sender to limit.
//   - Content, Algorithm, KeyForm, Encoding and Layout: one of the constants, as
//     far as they fit together: Ed25519 goes with KeyWhsk, LayoutTimestamped with
//     a content that has the timestamp
//   - Prefix and Ed25519Prefix: at most 32 bytes of visible ASCII, without what
//     separates elements in the layout. Layouts of several signatures need a
//     prefix, and if there are both, neither begins with the other.
func (p Profile) Check() error {
	if err := p.checkName(); err != nil {
		return err
	}
	if err := oneOf("shape", p.Shape, ShapeStandard, ShapeUnitary, ShapeUnitaryFlat, ShapeInkit, ShapeSharpAPI, ShapeRaw); err != nil {
		return err
	}
	if err := p.checkScheme(); err != nil {
		return err
	}
	if why := reserved(p.SignatureHeader); why != "" && !strings.EqualFold(p.SignatureHeader, "webhook-signature") {
		return profileError("header", "%s %s; choose another name", p.SignatureHeader, why)
	}
	if err := p.checkExtraHeaders(); err != nil {
		return err
	}
	if err := checkUserAgent(p.UserAgent); err != nil {
		return err
	}
	for _, delay := range p.RetrySchedule {
		if delay < 0 {
			return profileError("retry_schedule", "a delay cannot be negative: %s", delay)
		}
	}
	return nil
}

func (p Profile) checkName() error {
	bad := func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	if p.Name == "" || len(p.Name) > maxProfileName || strings.ContainsFunc(p.Name, bad) {
		return profileError("name", "%s is not 1 to %d of the characters a-z, 0-9 and -", quote(p.Name), maxProfileName)
	}
	if _, builtIn := Lookup(p.Name); builtIn {
		return profileError("name", "%s is a built-in profile; choose another name", p.Name)
	}
	return nil
}

// checkScheme checks what signing depends on, for profiles of any name. Nothing
// signs or verifies without it.
func (p Profile) checkScheme() error {
	if err := checkHeaderName("header", p.SignatureHeader); err != nil {
		return err
	}
	if err := oneOf("content", p.Content, ContentBody, ContentIDTimestampBody, ContentTimestampBody); err != nil {
		return err
	}
	if err := oneOf("algorithm", p.Algorithm, AlgorithmHMACSHA256, AlgorithmHMACSHA512, AlgorithmHMACSHA1, AlgorithmEd25519); err != nil {
		return err
	}
	forms := []KeyForm{KeyText, KeyWhsec}
	if p.Algorithm == AlgorithmEd25519 {
		forms = []KeyForm{KeyWhsk}
	}
	if err := oneOf("key_form", p.KeyForm, forms...); err != nil {
		return err
	}
	if err := oneOf("encoding", p.Encoding, EncodingHex, EncodingBase64); err != nil {
		return err
	}
	if err := oneOf("layout", p.Layout, LayoutOne, LayoutList, LayoutTimestamped); err != nil {
		return err
	}
	if p.Layout == LayoutTimestamped && !p.signsTimestamp() {
		return profileError("layout", "%s sends a timestamp, which the content %s does not sign", p.Layout, p.Content)
	}
	if err := p.checkPrefix("prefix", p.Prefix); err != nil {
		return err
	}
	if err := p.checkEd25519Prefix(); err != nil {
		return err
	}
	for _, extra := range p.ExtraHeaders {
		if err := checkHeaderName("extra_headers", extra.Name); err != nil {
			return err
		}
		if err := oneOf("extra_headers", extra.Value, FieldType, FieldUUID); err != nil {
			return err
		}
	}
	return nil
}

func (p Profile) checkPrefix(field, prefix string) error {
	switch {
	case len(prefix) > maxPrefix:
		return profileError(field, "it has %d bytes; at most %d are allowed", len(prefix), maxPrefix)
	case badHeaderByte(prefix) >= 0:
		return profileError(field, "%q has a character other than visible ASCII", prefix)
	case prefix == "" && p.Several():
		return profileError(field, "the layout %s needs one, to tell signatures from what is none", p.Layout)
	case p.Several() && strings.Contains(prefix, p.Layout.separator()):
		return profileError(field, "%q has a comma, which separates signatures in the layout %s", prefix, p.Layout)
	case p.Layout == LayoutTimestamped && strings.HasPrefix(prefix, timestampPrefix):
		return profileError(field, "%q begins as the timestamp does in the layout %s", prefix, p.Layout)
	default:
		return nil
	}
}

func (p Profile) checkEd25519Prefix() error {
	const field = "ed25519_prefix"
	switch {
	case p.Ed25519Prefix == "":
		return nil
	case p.KeyForm != KeyWhsec || !p.Several():
		return profileError(field, "it needs the key form %s and a layout of several signatures", KeyWhsec)
	case strings.HasPrefix(p.Ed25519Prefix, p.Prefix) || strings.HasPrefix(p.Prefix, p.Ed25519Prefix):
		return profileError(field, "%q and the prefix %q cannot be told apart", p.Ed25519Prefix, p.Prefix)
	default:
		return p.checkPrefix(field, p.Ed25519Prefix)
	}
}

func (p Profile) checkExtraHeaders() error {
	if len(p.ExtraHeaders) > maxExtraHeaders {
		return profileError("extra_headers", "%d are too many; at most %d are allowed", len(p.ExtraHeaders), maxExtraHeaders)
	}
	taken := map[string]bool{newField(p.SignatureHeader).key: true}
	for _, extra := range p.ExtraHeaders {
		if why := reserved(extra.Name); why != "" {
			return profileError("extra_headers", "%s %s; choose another name", extra.Name, why)
		}
		key := newField(extra.Name).key
		if taken[key] {
			return profileError("extra_headers", "%s is there twice; header names have no case", extra.Name)
		}
		taken[key] = true
	}
	return nil
}

// checkUserAgent allows visible ASCII, with spaces within.
func checkUserAgent(agent string) error {
	if len(agent) > maxUserAgent {
		return profileError("user_agent", "it has %d bytes; at most %d are allowed", len(agent), maxUserAgent)
	}
	if strings.TrimSpace(agent) != agent || badHeaderByte(strings.ReplaceAll(agent, " ", "")) >= 0 {
		return profileError("user_agent", "%q is not visible ASCII with spaces within only", agent)
	}
	return nil
}

// oneOf checks that a value is among those that are allowed.
func oneOf[T ~string](field string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return profileError(field, "%s is not one of: %s", quote(string(value)), strings.Join(names, ", "))
}

// quote shows a value of any length.
func quote(s string) string {
	const limit = 80
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return strconv.Quote(s)
}
