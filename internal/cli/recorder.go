package cli

import (
	"bytes"
	"io"
	"net/http"
)

// recorder keeps the body of the last answer, so that --json prints it as the
// server wrote it: members that this program does not know yet are in it, too.
type recorder struct {
	next http.RoundTripper
	last *bytes.Buffer
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	r.last = &bytes.Buffer{}
	resp.Body = &tee{Reader: io.TeeReader(resp.Body, r.last), Closer: resp.Body}
	return resp, nil
}

// body is that of the last answer; nil without one.
func (r *recorder) body() []byte {
	if r.last == nil {
		return nil
	}
	return r.last.Bytes()
}

type tee struct {
	io.Reader
	io.Closer
}
