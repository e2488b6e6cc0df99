package body

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Kind says in which way a text is not acceptable JSON. The values are stable.
type Kind string

const (
	// KindEmpty: nothing but white space.
	KindEmpty Kind = "empty"
	// KindMalformed: not JSON, cut off, or with more text behind the value.
	KindMalformed Kind = "malformed"
	// KindDuplicate: an object, at any depth, has two members of one name.
	KindDuplicate Kind = "duplicate"
	// KindUTF8: a string holds invalid UTF-8 or half a surrogate pair.
	KindUTF8 Kind = "utf8"
	// KindDepth: more than MaxDepth arrays and objects in one another.
	KindDepth Kind = "depth"
)

// SyntaxError says why [Stable] refused a text.
type SyntaxError struct {
	Kind    Kind
	Offset  int64  // in bytes from the start of the text, where the fault was seen
	Message string // for people; does not repeat the offset
}

// Error is the message and the offset.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s (byte %d)", e.Message, e.Offset)
}

var (
	messageDepth     = "nested more than " + strconv.Itoa(MaxDepth) + " deep"
	messageTrailing  = "more text after the JSON value"
	messageUTF8      = "invalid UTF-8 or half a surrogate pair in a string"
	messageEmpty     = "no JSON value"
	messageTruncated = "unexpected end of the JSON text"
)

// maxNameInMessage is how much of a member's name, in bytes, a message repeats.
const maxNameInMessage = 64

// end checks that nothing follows the value.
func (w *writer) end() error {
	offset := w.dec.InputOffset()
	rest := w.src[offset:]
	trimmed := bytes.TrimLeft(rest, " \t\r\n")
	if len(trimmed) == 0 {
		return nil
	}
	offset += int64(len(rest) - len(trimmed))
	return &SyntaxError{Kind: KindMalformed, Offset: offset, Message: messageTrailing}
}

// syntaxError turns an error of the decoder into ours.
func (w *writer) syntaxError(err error) *SyntaxError {
	if own, ok := errors.AsType[*SyntaxError](err); ok {
		return own
	}
	end := int64(len(w.src))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &SyntaxError{Kind: KindMalformed, Offset: end, Message: messageTruncated}
	}
	theirs, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok { // io.EOF: reading from memory fails in no other way
		return &SyntaxError{Kind: KindEmpty, Offset: end, Message: messageEmpty}
	}
	e := &SyntaxError{Kind: KindMalformed, Offset: theirs.ByteOffset}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		e.Kind = KindDuplicate
		e.Message = "duplicate member " + quoteName(theirs.JSONPointer.LastToken())
	case w.onlyUTF8At(e.Offset):
		e.Kind, e.Message = KindUTF8, messageUTF8
	default:
		e.Message = "invalid JSON: " + theirs.Err.Error()
	}
	return e
}

// onlyUTF8At reports whether the fault at offset is one of encoding and not of
// grammar: a decoder that does not look at the encoding gets past it.
func (w *writer) onlyUTF8At(offset int64) bool {
	dec := jsontext.NewDecoder(bytes.NewBuffer(w.src),
		jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	err := dec.SkipValue()
	if err == nil {
		return true
	}
	lenient, ok := errors.AsType[*jsontext.SyntacticError](err)
	return ok && lenient.ByteOffset > offset
}

// quoteName quotes a member's name for a message, and shortens it.
func quoteName(name string) string {
	if len(name) <= maxNameInMessage {
		return strconv.Quote(name)
	}
	return strconv.Quote(strings.ToValidUTF8(name[:maxNameInMessage], "")) + "…"
}
