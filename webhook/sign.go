package webhook

import (
	"encoding/base64"
	"encoding/hex"
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
	// visible ASCII without ".". Profiles that sign only the body ignore it.
	ID string
	// Timestamp is when the message is signed; whole seconds count, from 1970
	// to 9999. Profiles that sign only the body ignore it.
	Timestamp time.Time
	// Body is signed byte for byte and must be sent so.
	Body []byte
}

// Signer signs messages with one profile and its secrets. Any number of
// goroutines may use it.
type Signer struct {
	profile   Profile
	macs      []*mac
	signature field
}

// NewSigner prepares to sign with the secrets, the current one first. A profile
// whose header holds several signatures signs with all of them, any other with
// the first. Without a secret nothing is signed, which is an error if the
// profile requires one. [Profile.CheckSecret] tells which secrets are refused.
func NewSigner(p Profile, secrets ...string) (*Signer, error) {
	macs, err := p.macs(secrets)
	if err != nil {
		return nil, err
	}
	if len(macs) == 0 && p.SecretRequired() {
		return nil, fmt.Errorf("profile %s requires a secret", p.Name)
	}
	if len(macs) > 1 && !p.Several {
		macs = macs[:1]
	}
	return &Signer{
		profile:   p,
		macs:      macs,
		signature: newField(p.SignatureHeader),
	}, nil
}

// Sign sets the headers of the profile in h, replacing what was there: the
// signature (unless there is no secret), HeaderID and HeaderTimestamp if the
// profile signs them, and User-Agent if the profile has its own. It does not
// touch h if it fails, which it does only for an id or a timestamp that cannot
// be signed.
func (s *Signer) Sign(m Message, h http.Header) error {
	var timestamp string
	if s.profile.signsTimestamp() {
		if err := checkID(m.ID); err != nil {
			return err
		}
		unix := m.Timestamp.Unix()
		if unix <= 0 || unix > maxTimestamp {
			return fmt.Errorf("timestamp %d is not between 1970 and 9999", unix)
		}
		timestamp = strconv.FormatInt(unix, 10)
		fieldID.set(h, m.ID)
		fieldTimestamp.set(h, timestamp)
	}
	if s.profile.UserAgent != "" {
		h["User-Agent"] = []string{s.profile.UserAgent}
	}
	if len(s.macs) > 0 {
		s.signature.set(h, s.value(m.ID, timestamp, m.Body))
	}
	return nil
}

// value returns the signature header's value.
func (s *Signer) value(id, timestamp string, body []byte) string {
	var buf [256]byte // enough for two signatures, which is what a rotation needs
	value := buf[:0]
	for i, m := range s.macs {
		if i > 0 {
			value = append(value, ' ')
		}
		sum := m.of(s.profile.Content, id, timestamp, body)
		value = append(value, s.profile.Prefix...)
		value = s.profile.Encoding.append(value, sum[:])
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

// append appends the encoded signature.
func (e Encoding) append(dst, sum []byte) []byte {
	if e == EncodingHex {
		return hex.AppendEncode(dst, sum)
	}
	return base64.StdEncoding.AppendEncode(dst, sum)
}

// decode returns the bytes of an encoded signature, or false if text is not
// one of the right size.
func (e Encoding) decode(text string) (sum [macSize]byte, ok bool) {
	var n int
	var err error
	switch {
	case e == EncodingHex && len(text) == hex.EncodedLen(macSize):
		n, err = hex.Decode(sum[:], []byte(text))
	case e == EncodingBase64 && len(text) == base64.StdEncoding.EncodedLen(macSize):
		var buf [macSize + 1]byte // the decoder asks for whole groups of three
		n, err = strictBase64.Decode(buf[:], []byte(text))
		copy(sum[:], buf[:])
	}
	return sum, err == nil && n == macSize
}
