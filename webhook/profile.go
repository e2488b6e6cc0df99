package webhook

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Shape names the layout of a profile's JSON body.
type Shape string

// Members are written in the order given here.
const (
	// ShapeStandard is {"type","timestamp","data"}.
	ShapeStandard Shape = "standard"
	// ShapeUnitary is {"data":{"job_id","callback_url","is_error","result"}}.
	ShapeUnitary Shape = "unitary"
	// ShapeUnitaryFlat is {"job_id","callback_url","is_error","result"}.
	ShapeUnitaryFlat Shape = "unitary-flat"
	// ShapeInkit is {"event_type","resource_id"}.
	ShapeInkit Shape = "inkit"
	// ShapeSharpAPI is {"id","status","type"}, then "result" if results are
	// included, then "error" on failure.
	ShapeSharpAPI Shape = "sharpapi"
)

// Profile is a wire format: the shape of the body, the headers, the signature
// scheme and the retries. It is data; a profile does nothing that its fields
// do not say.
type Profile struct {
	Name  string
	Shape Shape

	// SignatureHeader is the header with the signature, as written on the
	// wire, e.g. "X-Hub-Signature-256".
	SignatureHeader string
	// ExtraHeaders are sent besides, for receivers that route by them. No
	// signature covers them.
	ExtraHeaders []ExtraHeader
	// UserAgent is the User-Agent header; "" leaves the sender's own.
	UserAgent string
	// RetrySchedule holds the delays after each failed attempt; nil stands for
	// [DefaultRetrySchedule], empty for no retries. See [Profile.Schedule].
	RetrySchedule []time.Duration
	// IncludeResult is whether an endpoint gets the results of jobs if its
	// maker does not say.
	IncludeResult bool

	// Content is what the HMAC-SHA256 is computed of.
	Content Content
	// KeyForm is how the HMAC's key follows from the secret.
	KeyForm KeyForm
	// Encoding is how the HMAC is written in the signature header.
	Encoding Encoding
	// Prefix stands before each encoded signature, e.g. "v1,".
	Prefix string
	// Layout is how signatures, and perhaps the time, stand in the signature
	// header.
	Layout Layout
	// Unsigned allows calls without any signature, for want of a secret.
	Unsigned bool
}

// Content is what a signature covers.
type Content string

const (
	// ContentBody is the body alone.
	ContentBody Content = "body"
	// ContentIDTimestampBody is id + "." + timestamp + "." + body, where id and
	// timestamp are the values of HeaderID and HeaderTimestamp.
	ContentIDTimestampBody Content = "id.timestamp.body"
	// ContentTimestampBody is timestamp + "." + body.
	ContentTimestampBody Content = "timestamp.body"
)

// KeyForm is how a secret is turned into a key.
type KeyForm string

const (
	// KeyText takes the secret's UTF-8 bytes, all of them.
	KeyText KeyForm = "text"
	// KeyWhsec takes the 24 to 64 bytes that the base64 after "whsec_" holds.
	KeyWhsec KeyForm = "whsec"
)

// Encoding is how the bytes of a signature are written.
type Encoding string

const (
	// EncodingHex is lower-case hexadecimal; either case is accepted.
	EncodingHex Encoding = "hex"
	// EncodingBase64 is base64 of the standard alphabet, padded (RFC 4648,
	// section 4).
	EncodingBase64 Encoding = "base64"
)

// Layout is the form of a signature header. A timestamp is in Unix seconds.
type Layout string

const (
	// LayoutOne is one signature.
	LayoutOne Layout = "one"
	// LayoutList is one signature or several, separated by one space. Those
	// with other prefixes are passed over.
	LayoutList Layout = "list"
	// LayoutTimestamped is "t=" + timestamp, then a comma before each
	// signature: "t=1732104000,v1=…,v1=…". Elements with other prefixes are
	// passed over. The timestamp is sent there, not in HeaderTimestamp.
	LayoutTimestamped Layout = "timestamped"
)

// ExtraHeader is a header that tells of the message and is not signed.
type ExtraHeader struct {
	// Name is as written on the wire, e.g. "X-GitHub-Event".
	Name string
	// Value is what of the message is sent.
	Value MessageField
}

// MessageField names a field of [Message].
type MessageField string

const (
	FieldType MessageField = "type" // Message.Type
	FieldUUID MessageField = "uuid" // Message.UUID
)

// Schedule returns how long to wait after each failed attempt before the next
// one; its length is the number of retries. The caller may change it.
func (p Profile) Schedule() []time.Duration {
	if p.RetrySchedule == nil {
		return DefaultRetrySchedule()
	}
	return slices.Clone(p.RetrySchedule)
}

// Headers returns the canonical names of the headers that the profile sets
// itself, sorted. Headers that customers choose must not replace them.
func (p Profile) Headers() []string {
	names := []string{newField(p.SignatureHeader).key}
	if p.signsID() {
		names = append(names, fieldID.key)
	}
	if p.signsTimestamp() && p.Layout != LayoutTimestamped {
		names = append(names, fieldTimestamp.key)
	}
	for _, extra := range p.ExtraHeaders {
		names = append(names, newField(extra.Name).key)
	}
	if p.UserAgent != "" {
		names = append(names, "User-Agent")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// SecretRequired reports whether the profile has no unsigned form.
func (p Profile) SecretRequired() bool { return !p.Unsigned }

// Several reports whether the signature header has room for several signatures,
// so that a call can be signed with the current secret and the one before.
func (p Profile) Several() bool { return p.Layout == LayoutList || p.Layout == LayoutTimestamped }

// signsID reports whether the signature covers HeaderID.
func (p Profile) signsID() bool { return p.Content == ContentIDTimestampBody }

// signsTimestamp reports whether the signature covers the time of signing.
func (p Profile) signsTimestamp() bool {
	return p.Content == ContentIDTimestampBody || p.Content == ContentTimestampBody
}

// clone returns a copy that shares nothing.
func (p Profile) clone() Profile {
	p.ExtraHeaders = slices.Clone(p.ExtraHeaders)
	p.RetrySchedule = slices.Clone(p.RetrySchedule)
	return p
}

// check refuses profiles that say nothing, or nothing known, where a signature
// depends on it.
func (p Profile) check() error {
	switch {
	case p.SignatureHeader == "":
		return errors.New("profile names no signature header")
	case p.Content != ContentBody && !p.signsTimestamp():
		return fmt.Errorf("profile signs unknown content %q", p.Content)
	case p.KeyForm != KeyText && p.KeyForm != KeyWhsec:
		return fmt.Errorf("profile has unknown key form %q", p.KeyForm)
	case p.Encoding != EncodingHex && p.Encoding != EncodingBase64:
		return fmt.Errorf("profile has unknown signature encoding %q", p.Encoding)
	case p.Layout != LayoutOne && !p.Several():
		return fmt.Errorf("profile has unknown signature layout %q", p.Layout)
	case p.Several() && p.Prefix == "":
		return errors.New("profile has several signatures that no prefix tells apart")
	case p.Layout == LayoutTimestamped && !p.signsTimestamp():
		return errors.New("profile sends a timestamp that it does not sign")
	}
	for _, extra := range p.ExtraHeaders {
		if extra.Name == "" || extra.Value != FieldType && extra.Value != FieldUUID {
			return fmt.Errorf("profile has an extra header %q of unknown value %q", extra.Name, extra.Value)
		}
	}
	return nil
}
