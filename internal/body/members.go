package body

import (
	"bytes"
	"iter"
)

// Members goes through the members of a JSON object in stable form: each with
// its name and its value as they are written, the name without its quotes. The
// slices are parts of object.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		if !IsObject(object) {
			return
		}
		for rest := object[1:]; len(rest) > 1; {
			n := stringLength(rest)
			name := rest[1 : n-1]
			rest = rest[n+1:] // the colon
			n = valueLength(rest)
			if !yield(name, rest[:n]) {
				return
			}
			rest = rest[n:]
			if rest[0] == ',' {
				rest = rest[1:]
			}
		}
	}
}

// valueLength is how long the value is that text begins with.
func valueLength(text []byte) int {
	switch text[0] {
	case '"':
		return stringLength(text)
	case '{', '[':
		depth := 0
		for i := 0; ; {
			i += bytes.IndexAny(text[i:], `"{}[]`)
			switch text[i] {
			case '"':
				i += stringLength(text[i:])
				continue
			case '{', '[':
				depth++
			default:
				depth--
			}
			if i++; depth == 0 {
				return i
			}
		}
	default:
		return bytes.IndexAny(text, ",]}")
	}
}

// stringLength is how long the string is that text begins with, with its quotes.
func stringLength(text []byte) int {
	for i := 1; ; {
		i += bytes.IndexByte(text[i:], '"')
		escapes := 0
		for text[i-1-escapes] == '\\' {
			escapes++
		}
		if i++; escapes%2 == 0 {
			return i
		}
	}
}
