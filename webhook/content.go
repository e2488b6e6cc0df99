package webhook

import "sync"

// content is what is signed.
type content struct {
	of            Content
	id, timestamp string
	body          []byte
}

// appendHead appends what stands before the body.
func (c *content) appendHead(dst []byte) []byte {
	if c.of == ContentIDTimestampBody {
		dst = append(append(dst, c.id...), '.')
	}
	if c.of != ContentBody {
		dst = append(append(dst, c.timestamp...), '.')
	}
	return dst
}

// maxJoined is how large a buffer may be to be kept for the next content, in
// bytes.
const maxJoined = 256 << 10

var joined = sync.Pool{New: func() any { return new([]byte) }}

// join gives the content as one slice, which holds until unjoin is called with
// the buffer that it is in, if it is in one.
func (c *content) join() (whole []byte, buf *[]byte) {
	if c.of == ContentBody {
		return c.body, nil
	}
	buf = joined.Get().(*[]byte) //nolint:errcheck // the pool holds nothing else
	*buf = append(c.appendHead((*buf)[:0]), c.body...)
	return *buf, buf
}

// unjoin gives back the buffer of join.
func unjoin(buf *[]byte) {
	if buf != nil && cap(*buf) <= maxJoined {
		joined.Put(buf)
	}
}
