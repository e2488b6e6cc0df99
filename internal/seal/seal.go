// Package seal encrypts secrets at rest and keeps the key that does so.
//
// It imports nothing of ours.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// version1 is AES-256-GCM: the version byte, a random nonce of 12 bytes, the
// ciphertext and its tag of 16 bytes. The version byte and the caller's aad are
// authenticated with it.
const version1 = 1

// ErrOpen is returned for sealed bytes that this key and aad did not seal, or
// that were changed since. Which of these it was cannot be known.
var ErrOpen = errors.New("seal: cannot open the sealed value: wrong master key, wrong owner, or damaged")

// Sealer seals and opens with one key. It is safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// New returns a Sealer for a key of KeySize bytes.
func New(key []byte) (*Sealer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("seal: the key has %d bytes, but %d are needed", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Sealer{aead: aead}, nil
}

// Seal encrypts plaintext. aad names its owner ("endpoint:ep_…"): only who
// gives the same can open it, so that a value copied into another's row is
// useless there. Nonces are random, so that one key should seal at most 2³²
// values.
func (s *Sealer) Seal(plaintext, aad string) []byte {
	sealed := make([]byte, 1, 1+len(plaintext)+s.aead.Overhead())
	sealed[0] = version1
	return s.aead.Seal(sealed, nil, []byte(plaintext), authenticated(version1, aad)) //nolint:gosec // the nonce is nil because the AEAD draws it
}

// Open decrypts what Seal made with the same key and aad. Any other input gives
// an error that is ErrOpen.
func (s *Sealer) Open(sealed []byte, aad string) (string, error) {
	if len(sealed) == 0 {
		return "", fmt.Errorf("%w (it is empty)", ErrOpen)
	}
	if sealed[0] != version1 {
		return "", fmt.Errorf("%w (unknown version %d)", ErrOpen, sealed[0])
	}
	plaintext, err := s.aead.Open(nil, nil, sealed[1:], authenticated(version1, aad))
	if err != nil {
		return "", ErrOpen
	}
	return string(plaintext), nil
}

func authenticated(version byte, aad string) []byte {
	return append([]byte{version}, aad...)
}
