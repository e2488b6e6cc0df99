package api

import (
	"io"
	"net/http"
	"time"
)

const (
	// bodyTimeout is how long a body may take to arrive.
	bodyTimeout = 30 * time.Second
	// drainTimeout and drainBytes bound what is left of a body when the answer
	// is settled. It is read and thrown away, since many clients send all before
	// they read: closing on them would cost them the answer.
	drainTimeout = time.Second
	drainBytes   = 8 << 20
)

// boundBody gives the connection a deadline until the request's body has
// arrived, and not longer: the handler may wait for longer than any body
// should. The function that it returns is to be called after the handler.
func boundBody(w http.ResponseWriter, r *http.Request) (after func()) {
	if r.Body == nil || r.Body == http.NoBody {
		return func() {}
	}
	connection := http.NewResponseController(w)
	// In a test without a connection there is nothing to set.
	_ = connection.SetReadDeadline(time.Now().Add(bodyTimeout))
	b := &arrivingBody{ReadCloser: r.Body, connection: connection}
	r.Body = b
	return func() {
		if !b.arrived {
			_ = connection.SetReadDeadline(time.Now().Add(drainTimeout))
			_, _ = io.CopyN(io.Discard, b.ReadCloser, drainBytes)
		}
	}
}

// arrivingBody ends the deadline with the body.
type arrivingBody struct {
	io.ReadCloser

	connection *http.ResponseController
	arrived    bool
}

func (b *arrivingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && !b.arrived {
		b.arrived = true
		_ = b.connection.SetReadDeadline(time.Time{})
	}
	return n, err
}
