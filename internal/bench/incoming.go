package bench

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
)

// incoming reads requests from a connection: HTTP/1.1 with a Content-Length, as
// egress sends them. It shares the machine with what is measured.
type incoming struct {
	from io.Reader
	buf  []byte
	have int // bytes in buf
	used int // of them, those of the last request

	head, body []byte // of the request; valid until the next one
}

func newIncoming(from io.Reader) *incoming { return &incoming{from: from, buf: make([]byte, 4<<10)} }

var (
	endOfHead = []byte("\r\n\r\n")
	errNoHTTP = errors.New("the request is none that is expected here")
)

// next reads a request.
func (in *incoming) next() error {
	in.have = copy(in.buf, in.buf[in.used:in.have])
	in.used = 0
	length, body := 0, -1
	for {
		if body < 0 {
			if end := bytes.Index(in.buf[:in.have], endOfHead); end >= 0 {
				var ok bool
				if length, ok = contentLength(in.buf[:end+2]); !ok {
					return errNoHTTP
				}
				body = end + len(endOfHead)
			}
		}
		if body >= 0 && in.have >= body+length {
			in.head, in.body, in.used = in.buf[:body], in.buf[body:body+length], body+length
			return nil
		}
		if in.have == len(in.buf) {
			if len(in.buf) > maxBody {
				return errNoHTTP
			}
			in.buf = append(in.buf, make([]byte, len(in.buf))...)
		}
		n, err := in.from.Read(in.buf[in.have:])
		in.have += n
		if err != nil && n == 0 {
			return err
		}
	}
}

// contentLength finds the length of the body in a head.
func contentLength(head []byte) (int, bool) {
	const name = "\r\nContent-Length: " // as net/http writes it
	_, value, _ := bytes.Cut(head, []byte(name))
	value, _, _ = bytes.Cut(value, []byte("\r"))
	n, err := strconv.Atoi(string(value))
	return n, err == nil && n >= 0 && n <= maxBody
}

// endpoint gives K of a request for /e/K.
func (in *incoming) endpoint() (int, bool) {
	const begin = "POST /e/"
	rest, ok := bytes.CutPrefix(in.head, []byte(begin))
	if !ok {
		return 0, false
	}
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	k, err := strconv.Atoi(string(digits))
	return k, err == nil && k >= 0
}

// header parses the head, for the few requests of which it is needed.
func (in *incoming) header() http.Header {
	h := make(http.Header)
	lines := bytes.Split(in.head, []byte("\r\n"))
	for _, line := range lines[1:] {
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok {
			key := textproto.CanonicalMIMEHeaderKey(string(name))
			h[key] = append(h[key], string(value))
		}
	}
	return h
}
