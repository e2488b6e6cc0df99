package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// DefaultTolerance is how far the clocks of sender and receiver may be apart, in
// both directions, unless [Tolerance] says otherwise.
const DefaultTolerance = 5 * time.Minute

// Delivery is a call whose signature is good.
type Delivery struct {
	// ID is the webhook-id header; "" if it is absent or no message id.
	ID string
	// IDVerified says that the signature covers ID. Otherwise ID is a hint:
	// whoever captured a call can send it again under another one.
	IDVerified bool
	// Attempt is the webhook-attempt header, from 1; 0 if it is absent or
	// unreadable. It never is signed.
	Attempt int
	// Timestamp is when the call was signed, in whole seconds; zero where the
	// profile signs no time.
	Timestamp time.Time
	// Body is the body that was given to Verify, not a copy.
	Body []byte
}

// Verifier checks calls of one profile. Any number of goroutines may use it.
type Verifier struct {
	profile   Profile
	signature field
	keys      []key
	schemes   []scheme // of the keys
	tolerance time.Duration
	now       func() time.Time
}

// VerifierOption changes how [NewVerifier] sets up a Verifier.
type VerifierOption func(*Verifier)

// Tolerance sets how far a signed timestamp may be off, in both directions. It
// must be positive.
func Tolerance(d time.Duration) VerifierOption {
	return func(v *Verifier) { v.tolerance = d }
}

// Now sets the clock that timestamps are compared with; time.Now if not given.
func Now(now func() time.Time) VerifierOption {
	return func(v *Verifier) { v.now = now }
}

// NewVerifier prepares to verify calls that were signed with any one of the
// secrets. At least one is needed, and all must be good: see
// [Profile.CheckSecret]. Of an ed25519 key, its public half is enough
// ("whpk_…"). A profile whose scheme is incomplete or contradicts itself gives a
// [*ProfileError].
func NewVerifier(p Profile, secrets []string, opts ...VerifierOption) (*Verifier, error) {
	keys, err := p.keys(secrets, func(*key) error { return nil })
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("no secret to verify with")
	}
	v := &Verifier{
		profile:   p,
		signature: newField(p.SignatureHeader),
		keys:      keys,
		schemes:   schemes(keys),
		tolerance: DefaultTolerance,
		now:       time.Now,
	}
	for _, opt := range opts {
		opt(v)
	}
	if v.tolerance <= 0 {
		return nil, fmt.Errorf("tolerance %v is not positive", v.tolerance)
	}
	if v.now == nil {
		return nil, errors.New("no clock to compare timestamps with")
	}
	return v, nil
}

// Verify checks a call by its headers, whose names must be in their canonical
// form as in any http.Request, and by its body, the bytes as they arrived. Its
// errors are all of type [*VerifyError].
func (v *Verifier) Verify(h http.Header, body []byte) (Delivery, error) {
	d := Delivery{Attempt: attempt(h), Body: body}
	signature, err := v.signature.single(h)
	if err != nil {
		return Delivery{}, err
	}
	if v.profile.signsID() {
		d.ID, err = signedID(h)
		if err != nil {
			return Delivery{}, err
		}
		d.IDVerified = true
	} else if id := fieldID.hint(h); validID(id) {
		d.ID = id
	}
	var timestamp string
	if v.profile.signsTimestamp() {
		timestamp, d.Timestamp, err = v.timestamp(h, signature)
		if err != nil {
			return Delivery{}, err
		}
	}
	c := content{of: v.profile.Content, id: d.ID, timestamp: timestamp, body: body}
	if err := v.checkSignature(signature, &c); err != nil {
		return Delivery{}, err
	}
	return d, nil
}

// Verify is [Verifier.Verify] with the default options. To verify more than
// once, a [Verifier] is faster. Secrets that are refused give an error that is
// not a [*VerifyError].
func Verify(p Profile, h http.Header, body []byte, secrets ...string) (Delivery, error) {
	v, err := NewVerifier(p, secrets)
	if err != nil {
		return Delivery{}, err
	}
	return v.Verify(h, body)
}

// checkSignature checks the value of the signature header.
func (v *Verifier) checkSignature(value string, c *content) error {
	var buf [2]signature // enough for a rotation, without an allocation
	signatures, seen := v.profile.signatures(buf[:0], v.schemes, value)
	header := v.signature.wire
	switch {
	case len(signatures) > 0:
	case v.profile.Several() && seen == 0:
		return signatureMismatch(header, "it holds no signature of version "+versions(v.schemes))
	default:
		return malformedHeader(header, "want "+v.profile.forms(v.schemes))
	}
	for i := range v.keys {
		if v.keys[i].made(signatures, c) {
			return nil
		}
	}
	return signatureMismatch(header, "the secret is another one, or the body is not the one that was signed")
}

// timestamp returns the signed time, both as it was written and as a time.
func (v *Verifier) timestamp(h http.Header, signature string) (string, time.Time, error) {
	value, from, err := v.writtenTimestamp(h, signature)
	if err != nil {
		return "", time.Time{}, err
	}
	unix, ok := parseDigits(value)
	if !ok || unix > maxTimestamp {
		return "", time.Time{}, malformedHeader(from, "want the timestamp in Unix seconds, in digits")
	}
	signed := time.Unix(unix, 0)
	skew := time.Unix(v.now().Unix(), 0).Sub(signed)
	if skew > v.tolerance || skew < -v.tolerance {
		return "", time.Time{}, timestampSkew(from, skew, v.tolerance)
	}
	return value, signed, nil
}

// writtenTimestamp returns the timestamp's text and the header it is in.
func (v *Verifier) writtenTimestamp(h http.Header, signature string) (value, header string, err error) {
	if v.profile.Layout != LayoutTimestamped {
		value, err = fieldTimestamp.single(h)
		return value, HeaderTimestamp, err
	}
	value, found := timestampElement(signature)
	if found != 1 {
		err = malformedHeader(v.signature.wire, fmt.Sprintf("want one %q, it has %d", timestampPrefix, found))
	}
	return value, v.signature.wire, err
}

// signedID returns the message id.
func signedID(h http.Header) (string, error) {
	id, err := fieldID.single(h)
	if err != nil {
		return "", err
	}
	if err := checkID(id); err != nil {
		return "", malformedHeader(HeaderID, err.Error())
	}
	return id, nil
}

// attempt returns the number of the attempt, or 0.
func attempt(h http.Header) int {
	n, ok := parseDigits(fieldAttempt.hint(h))
	if !ok || n > 1<<30 {
		return 0
	}
	return int(n)
}

// parseDigits reads a positive decimal number in the one form it has: digits
// alone, the first not 0.
func parseDigits(s string) (int64, bool) {
	if s == "" || len(s) > 18 || s[0] == '0' {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}
