// Package body brings JSON into the one form in which it is stored, signed and
// sent.
//
// Many receivers check the signature of JSON.stringify(JSON.parse(body))
// instead of the bytes that arrived. A body in the stable form survives that
// round trip unchanged, so both kinds of receivers see a good signature.
package body

import (
	"bytes"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how many arrays and objects may be nested in one another.
const MaxDepth = 500

// maxRetained is the size of an input, in bytes, above which the buffers that
// it needed are left to the garbage collector, so that the pool stays small.
const maxRetained = 64 << 10

// Stable appends the stable form of the JSON value in src to dst and returns
// the extended slice. src must hold exactly one value and is not changed; dst
// must not overlap it.
//
// The stable form is the text that ECMAScript's JSON.stringify(JSON.parse(src))
// gives (ECMA-262, 25.5):
//   - no white space outside strings;
//   - strings with the shortest escapes, and only where JSON requires one:
//     '/', '<', U+007F, U+2028 and everything beyond ASCII are literal;
//   - integer-like member names ("0" to "4294967294") first and ascending, the
//     other members in the order of src;
//   - numbers in ECMAScript's shortest form: 1.0 is 1, 1E+2 is 100, -0 is 0.
//
// There is one exception, because data is never rounded: a number whose value
// an IEEE 754 double cannot hold to the last decimal digit, such as
// 12345678901234567891, keeps the text it came with. Stable is idempotent in
// any case.
//
// A [*SyntaxError] says what is wrong with src; dst is then returned as it was
// given. The time is linear in len(src), but for the sorting of integer-like
// names. Numbers like 1e20 make the output up to five times as long as src.
func Stable(dst, src []byte) ([]byte, error) {
	w := writers.Get().(*writer) //nolint:errcheck // the pool holds nothing else
	w.start(dst, src)
	err := w.run()
	out := w.out
	if err != nil {
		err = w.syntaxError(err)
		out = dst
	}
	w.release()
	if len(src) <= maxRetained {
		writers.Put(w)
	}
	return out, err
}

// IsObject reports whether stable, the output of [Stable], is a JSON object.
func IsObject(stable []byte) bool {
	return len(stable) > 0 && stable[0] == '{'
}

var writers = sync.Pool{New: func() any { return &writer{dec: new(jsontext.Decoder)} }}

// writer reads the tokens of src and appends their stable form to out. It
// writes members in the order they come and notes which objects need another
// one; those are put right in a second pass, which few documents need.
type writer struct {
	dec  *jsontext.Decoder
	in   bytes.Buffer // what dec reads: a view of src, never written to
	src  []byte
	out  []byte
	base int // len(dst): where the stable form starts in out

	open    []container // the arrays and objects around the current token
	text    []byte      // scratch for a string without its escapes
	reorder reordering
}

// container is an array or an object whose end has not been read yet.
type container struct {
	object bool
	filled bool // it has an element or a member, so the next one needs a comma
	value  bool // the next token is a member's value, not its name
	order  order
}

func (w *writer) start(dst, src []byte) {
	w.in = *bytes.NewBuffer(src) // which dec reads without copying it
	w.dec.Reset(&w.in)
	w.src, w.base = src, len(dst)
	w.out = slices.Grow(dst, len(src))
}

// release forgets what belongs to the caller.
func (w *writer) release() {
	w.in = bytes.Buffer{}
	w.dec.Reset(&w.in)
	w.src, w.out, w.open = nil, nil, w.open[:0]
	w.reorder.reset()
}

// run writes the one value of src. Its error is one of jsontext or a
// *SyntaxError.
func (w *writer) run() error {
	for {
		if err := w.next(); err != nil {
			return err
		}
		if len(w.open) == 0 {
			break
		}
	}
	if err := w.end(); err != nil {
		return err
	}
	w.out = w.reorder.apply(w.out, w.base)
	return nil
}

// next reads one token and writes it.
func (w *writer) next() error {
	switch w.dec.PeekKind() {
	case '{', '[':
		return w.begin()
	case '}', ']':
		return w.close()
	default: // a scalar, a name, or an error that the read returns
		raw, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		if in := w.innermost(); in != nil && in.object && !in.value {
			w.name(in, raw)
			return nil
		}
		w.comma()
		w.scalar(raw)
		return nil
	}
}

func (w *writer) innermost() *container {
	if len(w.open) == 0 {
		return nil
	}
	return &w.open[len(w.open)-1]
}

// comma separates an array's elements. After a member's name there is none.
func (w *writer) comma() {
	in := w.innermost()
	switch {
	case in == nil:
	case in.object:
		in.value = false
	default:
		if in.filled {
			w.out = append(w.out, ',')
		}
		in.filled = true
	}
}

func (w *writer) begin() error {
	tok, err := w.dec.ReadToken()
	if err != nil {
		return err
	}
	if len(w.open) == MaxDepth {
		return &SyntaxError{Kind: KindDepth, Offset: w.dec.InputOffset() - 1, Message: messageDepth}
	}
	w.comma()
	object := tok.Kind() == '{'
	w.open = append(w.open, container{object: object, order: w.reorder.open(len(w.out))})
	w.out = append(w.out, byte(tok.Kind()))
	return nil
}

func (w *writer) close() error {
	tok, err := w.dec.ReadToken()
	if err != nil {
		return err
	}
	in := w.innermost()
	w.reorder.close(&in.order, len(w.out))
	w.out = append(w.out, byte(tok.Kind()))
	w.open = w.open[:len(w.open)-1]
	return nil
}

// name writes a member's name with what stands around it.
func (w *writer) name(in *container, raw []byte) {
	w.reorder.endMember(&in.order, len(w.out))
	if in.filled {
		w.out = append(w.out, ',')
	}
	in.filled, in.value = true, true
	start := len(w.out)
	w.string(raw)
	w.reorder.member(&in.order, w.out[start+1:len(w.out)-1], start)
	w.out = append(w.out, ':')
}

func (w *writer) scalar(raw []byte) {
	switch raw[0] {
	case '"':
		w.string(raw)
	case 'n', 't', 'f':
		w.out = append(w.out, raw...)
	default:
		w.out = appendNumber(w.out, raw)
	}
}

// string writes a string that the decoder has found to be valid. Without an
// escape it already is in the stable form.
func (w *writer) string(raw []byte) {
	if bytes.IndexByte(raw, '\\') < 0 {
		w.out = append(w.out, raw...)
		return
	}
	// Both functions fail on invalid UTF-8 alone, which the decoder refuses.
	w.text, _ = jsontext.AppendUnquote(w.text[:0], raw)
	w.out, _ = jsontext.AppendQuote(w.out, w.text)
}
