package webhook

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

const (
	// maxElements is how many elements of a signature header are looked at.
	maxElements = 32
	// timestampPrefix stands before the timestamp in [LayoutTimestamped].
	timestampPrefix = "t="
)

// separator stands between the elements of the header; "" if it has but one.
func (l Layout) separator() string {
	switch l {
	case LayoutList:
		return " "
	case LayoutTimestamped:
		return ","
	case LayoutOne:
	}
	return ""
}

// elements calls each for the header's elements, of which it looks at
// maxElements at most.
func (l Layout) elements(value string, each func(element string)) {
	separator := l.separator()
	if separator == "" {
		each(value)
		return
	}
	rest, more := value, true
	for n := 0; more && n < maxElements; n++ {
		var element string
		element, rest, more = strings.Cut(rest, separator)
		each(element)
	}
}

// signatures appends the signatures that a header's value holds to sums, and
// counts how many seemed to be meant as ours, well-formed or not.
func (p Profile) signatures(sums [][macSize]byte, value string) (_ [][macSize]byte, seen int) {
	p.Layout.elements(value, func(element string) {
		encoded, ours := strings.CutPrefix(element, p.Prefix)
		if !ours {
			return
		}
		seen++
		if sum, ok := p.Encoding.decode(encoded); ok {
			sums = append(sums, sum)
		}
	})
	return sums, seen
}

// timestampElement returns the timestamp that a header of [LayoutTimestamped]
// holds, as it was written, and how many there are.
func timestampElement(value string) (timestamp string, found int) {
	LayoutTimestamped.elements(value, func(element string) {
		if text, ok := strings.CutPrefix(element, timestampPrefix); ok {
			timestamp = text
			found++
		}
	})
	return timestamp, found
}

// signatureForm describes a well-formed signature for people.
func (p Profile) signatureForm() string {
	form := fmt.Sprintf("%d bytes in %s", macSize, p.Encoding)
	if p.Prefix != "" {
		form = fmt.Sprintf("%q and ", p.Prefix) + form
	}
	return form
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
