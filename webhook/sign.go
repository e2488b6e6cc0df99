package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// maxTimestamp is the last second of the year 9999, in Unix seconds.
const maxTimestamp = 253402300799

// Message is what is signed.
type Message struct {
	// ID is the message id, the same for every endpoint and every retry:
	// visible ASCII without ".". Profiles that do not sign it ignore it.
	ID string
	// Type is the event's type, in visible ASCII. It is sent by profiles with
	// a header for it; "" leaves the header out.
	Type string
	// UUID is the event's UUID in text form, the same for every endpoint and
	// every retry, in visible ASCII. It is sent by profiles with a header for
	// it; "" leaves the header out.
	UUID string
	// Timestamp is when the message is signed; whole seconds count, from 1970
	// to 9999. Profiles that do not sign it ignore it.
	Timestamp time.Time
	// Body is signed byte for byte and must be sent so.
	Body []byte
}

// Signer signs messages with one profile and its secrets. Any number of
// goroutines may use it.
type Signer struct {
	profile   Profile
	keys      []key
	signature field
	extra     []extraField
}

// extraField is an extra header, ready to be set.
type extraField struct {
	field
	value MessageField
}

// NewSigner prepares to sign with the secrets, the current one first. A profile
// whose header holds several signatures signs with all of them, in their order,
// any other with the first. In the profile standard a secret's prefix decides
// how: "whsec_" makes v1 signatures, "whsk_" v1a. Without a secret nothing is
// signed, which is an error if the profile requires one.
//
// [Profile.CheckSecret] tells which secrets are refused. A profile whose scheme
// is incomplete or contradicts itself gives a [*ProfileError].
func NewSigner(p Profile, secrets ...string) (*Signer, error) {
	keys, err := p.keys(secrets, (*key).checkSigns)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 && p.SecretRequired() {
		return nil, fmt.Errorf("profile %s requires a secret", p.Name)
	}
	if len(keys) > 1 && !p.Several() {
		keys = keys[:1]
	}
	s := &Signer{profile: p, keys: keys, signature: newField(p.SignatureHeader)}
	for _, extra := range p.ExtraHeaders {
		s.extra = append(s.extra, extraField{field: newField(extra.Name), value: extra.Value})
	}
	return s, nil
}

// Sign sets the headers of the profile in h, replacing what was there: the
// signature (unless there is no secret), HeaderID and HeaderTimestamp if the
// profile signs them in headers of their own, its extra headers, and User-Agent
// if the profile has its own. It does not touch h if it fails, which it does
// only for an id, a type, a UUID or a timestamp that the profile cannot send.
func (s *Signer) Sign(m Message, h http.Header) error {
	timestamp, err := s.check(m)
	if err != nil {
		return err
	}
	if s.profile.signsID() {
		fieldID.set(h, m.ID)
	}
	if timestamp != "" && s.profile.Layout != LayoutTimestamped {
		fieldTimestamp.set(h, timestamp)
	}
	for _, extra := range s.extra {
		if value := m.field(extra.value); value != "" {
			extra.set(h, value)
		} else {
			delete(h, extra.key)
		}
	}
	if s.profile.UserAgent != "" {
		h["User-Agent"] = []string{s.profile.UserAgent}
	}
	if len(s.keys) > 0 {
		s.signature.set(h, s.value(&content{of: s.profile.Content, id: m.ID, timestamp: timestamp, body: m.Body}))
	}
	return nil
}

// check refuses what the profile cannot send, and gives the timestamp as it is
// signed, or "" if it is not.
func (s *Signer) check(m Message) (timestamp string, err error) {
	if s.profile.signsID() {
		if err := checkID(m.ID); err != nil {
			return "", err
		}
	}
	for _, extra := range s.extra {
		value := m.field(extra.value)
		if i := badHeaderByte(value); i >= 0 {
			return "", fmt.Errorf("message %s has %q at byte %d; only visible ASCII is allowed", extra.value, value[i], i)
		}
	}
	if !s.profile.signsTimestamp() {
		return "", nil
	}
	unix := m.Timestamp.Unix()
	if unix <= 0 || unix > maxTimestamp {
		return "", fmt.Errorf("timestamp %d is not between 1970 and 9999", unix)
	}
	return strconv.FormatInt(unix, 10), nil
}

// field returns the field's value.
func (m *Message) field(name MessageField) string {
	if name == FieldType {
		return m.Type
	}
	return m.UUID
}

// value returns the signature header's value.
func (s *Signer) value(c *content) string {
	var buf [256]byte // enough for two signatures, which is what a rotation needs
	value := buf[:0]
	separator := s.profile.Layout.separator()
	if s.profile.Layout == LayoutTimestamped {
		value = append(append(value, timestampPrefix...), c.timestamp...)
	}
	for i := range s.keys {
		if len(value) > 0 {
			value = append(value, separator...)
		}
		made := s.keys[i].sign(c)
		value = append(value, s.keys[i].prefix...)
		value = s.profile.Encoding.append(value, made.raw())
	}
	return string(value)
}

// Sign returns the headers that [Signer.Sign] sets. To sign more than once, a
// [Signer] is faster.
func Sign(p Profile, m Message, secrets ...string) (http.Header, error) {
	s, err := NewSigner(p, secrets...)
	if err != nil {
		return nil, err
	}
	h := make(http.Header)
	if err := s.Sign(m, h); err != nil {
		return nil, err
	}
	return h, nil
}

// checkID refuses ids that could be read as something else in the signed
// content, where "." divides the fields, or in a header.
func checkID(id string) error {
	switch i := badIDByte(id); {
	case id == "":
		return errors.New("message id is empty")
	case i >= 0:
		return fmt.Errorf("message id has %q at byte %d; only visible ASCII but \".\" is allowed", id[i], i)
	}
	return nil
}

func validID(id string) bool { return id != "" && badIDByte(id) < 0 }

// badIDByte returns where the first byte is that no id may have, or -1.
func badIDByte(id string) int {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' || c == '.' {
			return i
		}
	}
	return -1
}

// badHeaderByte returns where the first byte is that no extra header may have,
// or -1.
func badHeaderByte(value string) int {
	for i := range len(value) {
		if c := value[i]; c <= ' ' || c > '~' {
			return i
		}
	}
	return -1
}
