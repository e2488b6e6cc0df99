package storetest

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
)

// Sealer is a Sealer for tests, by its key: it hides the text, and refuses
// what was sealed with another key or aad.
type Sealer string

// Seal hides plaintext.
func (k Sealer) Seal(plaintext, aad string) []byte {
	return flip(string(k) + "\x00" + aad + "\x00" + plaintext)
}

// Open reverses Seal.
func (k Sealer) Open(sealed []byte, aad string) (string, error) {
	text, ok := strings.CutPrefix(string(flip(string(sealed))), string(k)+"\x00"+aad+"\x00")
	if !ok {
		return "", errors.New("storetest: sealed with another key or aad")
	}
	return text, nil
}

func flip(s string) []byte {
	b := slices.Clone([]byte(s))
	for i := range b {
		b[i] ^= 0xff
	}
	return b
}

// Quiet drops what it is told.
var Quiet = slog.New(slog.DiscardHandler)
