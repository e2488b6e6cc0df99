package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// macSize is the size of a signature before it is encoded, in bytes.
const macSize = sha256.Size

// mac computes HMAC-SHA256 with one key, for any number of goroutines. It
// keeps hashes that have taken in the key already, which saves two of the
// blocks to hash and all allocations of each signature.
type mac struct {
	pool sync.Pool // of *macState
}

type macState struct {
	hash    hash.Hash
	started bool // hash has taken in a message, so it must be reset
	head    []byte
	sum     [macSize]byte
}

func newMAC(key []byte) *mac {
	m := new(mac)
	m.pool.New = func() any { return &macState{hash: hmac.New(sha256.New, key)} }
	return m
}

// of returns the MAC of the content that is made of id, timestamp and body.
func (m *mac) of(content Content, id, timestamp string, body []byte) [macSize]byte {
	s := m.pool.Get().(*macState) //nolint:errcheck // the pool holds nothing else
	defer m.pool.Put(s)
	if s.started {
		s.hash.Reset()
	}
	s.started = true
	s.head = s.head[:0]
	if content == ContentIDTimestampBody {
		s.head = append(append(s.head, id...), '.')
	}
	if content != ContentBody {
		s.head = append(append(s.head, timestamp...), '.')
	}
	_, _ = s.hash.Write(s.head) // a hash's Write never fails
	_, _ = s.hash.Write(body)
	s.hash.Sum(s.sum[:0])
	return s.sum
}
