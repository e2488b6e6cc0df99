package webhook

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // its HMAC is not broken, and old receivers know no other
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"sync"
)

// mac computes HMACs with one key, for any number of goroutines. It keeps
// hashes that have taken in the key already, which saves two of the blocks to
// hash and all allocations of each signature.
type mac struct {
	pool sync.Pool // of *macState
}

type macState struct {
	hash    hash.Hash
	started bool // hash has taken in a message, so it must be reset
	head    []byte
	sum     [maxSignature]byte
}

// newMAC returns nil for algorithms that are no HMAC.
func newMAC(algorithm Algorithm, key []byte) *mac {
	var h func() hash.Hash
	switch algorithm {
	case AlgorithmHMACSHA256:
		h = sha256.New
	case AlgorithmHMACSHA512:
		h = sha512.New
	case AlgorithmHMACSHA1:
		h = sha1.New
	case AlgorithmEd25519:
		return nil
	default:
		return nil
	}
	m := new(mac)
	m.pool.New = func() any { return &macState{hash: hmac.New(h, key)} }
	return m
}

// of returns the MAC of the content, in the first bytes of the array.
func (m *mac) of(c *content) [maxSignature]byte {
	s := m.pool.Get().(*macState) //nolint:errcheck // the pool holds nothing else
	defer m.pool.Put(s)
	if s.started {
		s.hash.Reset()
	}
	s.started = true
	s.head = c.appendHead(s.head[:0])
	_, _ = s.hash.Write(s.head) // a hash's Write never fails
	_, _ = s.hash.Write(c.body)
	s.hash.Sum(s.sum[:0])
	return s.sum
}
