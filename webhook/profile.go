package webhook

import (
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
	// ShapeRaw is what ShapeStandard has as "data", and nothing around it: any
	// JSON value. No built-in profile has it.
	ShapeRaw Shape = "raw"
)

// Profile is a wire format: the shape of the body, the headers, the signature
// scheme and the retries. It is data; a profile does nothing that its fields
// do not say. Those of the vendors come from [Lookup]; whoever makes one should
// have [Profile.Check] look at it. The zero value is no profile: neither signs
// nor verifies, and its calls are not unsigned either.
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

	// Content is what is signed.
	Content Content
	// Algorithm is what signs it.
	Algorithm Algorithm
	// KeyForm is how the key follows from the secret: KeyWhsk with ed25519,
	// KeyText or KeyWhsec with the HMACs. Nothing is assumed if it is empty.
	KeyForm KeyForm
	// Encoding is how a signature is written in the signature header.
	Encoding Encoding
	// Prefix stands before each encoded signature, e.g. "v1,".
	Prefix string
	// Ed25519Prefix lets a profile of the key form KeyWhsec sign with ed25519,
	// too: secrets that begin with "whsk_" do, and this stands before their
	// signatures, e.g. "v1a,". "" allows HMACs alone.
	Ed25519Prefix string
	// Layout is how signatures, and perhaps the time, stand in the signature
	// header.
	Layout Layout
	// Unsigned allows calls without any signature, for want of a secret.
	Unsigned bool
}

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
