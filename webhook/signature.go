package webhook

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// maxSignature is the size of the largest signatures, in bytes: those of
// HMAC-SHA512 and ed25519.
const maxSignature = 64

// signature is one before it is encoded.
type signature struct {
	algorithm Algorithm
	bytes     [maxSignature]byte // the algorithm's size of them
}

func (s *signature) raw() []byte { return s.bytes[:s.algorithm.size()] }

// scheme is what the signatures of some keys have in common.
type scheme struct {
	algorithm Algorithm
	prefix    string
}

// schemes returns those of the keys, each once.
func schemes(keys []key) (all []scheme) {
	for i := range keys {
		s := scheme{algorithm: keys[i].algorithm, prefix: keys[i].prefix}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// signatures appends the signatures of the schemes that a header's value holds
// to dst, and counts how many seemed to be meant as such, well-formed or not.
func (p Profile) signatures(dst []signature, all []scheme, value string) (_ []signature, seen int) {
	p.Layout.elements(value, func(element string) {
		for _, scheme := range all {
			encoded, ours := strings.CutPrefix(element, scheme.prefix)
			if !ours {
				continue
			}
			seen++
			s := signature{algorithm: scheme.algorithm}
			if p.Encoding.decode(&s, encoded) {
				dst = append(dst, s)
			}
		}
	})
	return dst, seen
}

// forms describes well-formed signatures of the schemes for people.
func (p Profile) forms(all []scheme) string {
	forms := make([]string, len(all))
	for i, s := range all {
		forms[i] = fmt.Sprintf("%d bytes in %s", s.algorithm.size(), p.Encoding)
		if s.prefix != "" {
			forms[i] = fmt.Sprintf("%q and ", s.prefix) + forms[i]
		}
	}
	return strings.Join(forms, ", or ")
}

// versions names the schemes of a profile of several signatures for people.
func versions(all []scheme) string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = strings.TrimRight(s.prefix, ",=")
	}
	return strings.Join(names, " or ")
}

// append appends the encoded signature.
func (e Encoding) append(dst, raw []byte) []byte {
	if e == EncodingHex {
		return hex.AppendEncode(dst, raw)
	}
	return base64.StdEncoding.AppendEncode(dst, raw)
}

// decode sets the bytes of a signature from its encoded form, or returns false
// if text is not one of the right size.
func (e Encoding) decode(s *signature, text string) bool {
	size := s.algorithm.size()
	var n int
	var err error
	switch {
	case e == EncodingHex && len(text) == hex.EncodedLen(size):
		n, err = hex.Decode(s.bytes[:], []byte(text))
	case e == EncodingBase64 && len(text) == base64.StdEncoding.EncodedLen(size):
		var buf [maxSignature + 2]byte // the decoder asks for whole groups of three
		n, err = strictBase64.Decode(buf[:], []byte(text))
		copy(s.bytes[:], buf[:])
	}
	return err == nil && n == size
}
