package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// conn is a keep-alive HTTP/1.1 connection that asks one thing after the other.
// It shares the machine with what is measured, so that it does no more than
// that takes.
type conn struct {
	addr string
	net  net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

// answer is what came back. Its body is valid until the next request.
type answer struct {
	status     int
	retryAfter time.Duration
	body       []byte
}

// target is where requests go: the head of them but for their length.
type target struct {
	addr string
	head string
}

// post makes the target of a POST.
func post(addr, path, key string) target {
	return target{addr: addr, head: "POST " + path + " HTTP/1.1\r\nHost: " + addr + "\r\nAuthorization: Bearer " + key +
		"\r\nContent-Type: application/json\r\nContent-Length: "}
}

const maxAnswer = 16 << 20

// do sends a request and reads its answer. After an error the connection is
// closed, and opened again by the next one.
func (c *conn) do(t target, body []byte) (answer, error) {
	a, err := c.try(t, body)
	if err != nil {
		c.close()
		return a, fmt.Errorf("%s: %w", t.addr, err)
	}
	return a, nil
}

func (c *conn) try(t target, body []byte) (answer, error) {
	if c.net == nil || c.addr != t.addr {
		c.close()
		opened, err := net.DialTimeout("tcp", t.addr, dialLimit) //nolint:noctx // it has its limit
		if err != nil {
			return answer{}, &unsentError{err}
		}
		c.addr, c.net = t.addr, opened
		if c.in == nil {
			c.in = bufio.NewReaderSize(nil, 8<<10)
		}
		c.in.Reset(opened)
	}
	c.out = append(c.out[:0], t.head...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)
	if _, err := c.net.Write(c.out); err != nil {
		return answer{}, err
	}
	return c.read()
}

const dialLimit = 10 * time.Second

// unsentError is a request that was not sent, because no connection was opened.
type unsentError struct{ error }

func (e *unsentError) Unwrap() error { return e.error }

func (c *conn) close() {
	if c.net != nil {
		_ = c.net.Close()
		c.net = nil
	}
}

// read reads one answer.
func (c *conn) read() (a answer, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	const proto = "HTTP/1.1 "
	if len(line) < len(proto)+3 || string(line[:len(proto)]) != proto {
		return a, fmt.Errorf("an answer begins with %.40q", line)
	}
	if a.status, err = strconv.Atoi(string(line[len(proto) : len(proto)+3])); err != nil {
		return a, err
	}
	length, chunked, closing := -1, false, false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return a, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case isHeader(name, "Content-Length"):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return a, err
			}
		case isHeader(name, "Transfer-Encoding"):
			chunked = strings.EqualFold(string(value), "chunked")
		case isHeader(name, "Connection"):
			closing = strings.EqualFold(string(value), "close")
		case isHeader(name, "Retry-After"):
			if seconds, err := strconv.Atoi(string(value)); err == nil {
				a.retryAfter = time.Duration(seconds) * time.Second
			}
		}
	}
	if a.body, err = c.readBody(length, chunked); err != nil {
		return a, err
	}
	if closing {
		c.close()
	}
	return a, nil
}

// isHeader compares without regard to case; the length tells most apart.
func isHeader(name []byte, want string) bool {
	return len(name) == len(want) && strings.EqualFold(string(name), want)
}

var errLength = errors.New("an answer has no length that can be read")

func (c *conn) readBody(length int, chunked bool) ([]byte, error) {
	c.body = c.body[:0]
	if !chunked {
		if length < 0 || length > maxAnswer {
			return nil, errLength
		}
		return c.more(length)
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseUint(string(bytes.TrimRight(line, "\r\n")), 16, 31)
		if err != nil || int(size)+len(c.body) > maxAnswer {
			return nil, errLength
		}
		if _, err := c.more(int(size)); err != nil {
			return nil, err
		}
		if _, err := c.in.Discard(2); err != nil { // the line end of the chunk
			return nil, err
		}
		if size == 0 {
			return c.body, nil
		}
	}
}

// more appends n bytes of the answer to the body.
func (c *conn) more(n int) ([]byte, error) {
	had := len(c.body)
	if need := had + n; need > cap(c.body) {
		c.body = append(make([]byte, 0, 2*need), c.body...)
	}
	c.body = c.body[:had+n]
	_, err := io.ReadFull(c.in, c.body[had:])
	return c.body, err
}
