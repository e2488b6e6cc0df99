package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// DefaultMaxBody is how large a body may be, in bytes, unless [MaxBody] says
// otherwise. A Ringback server takes requests of 1 MiB; a call that tells of a
// job can hold what came with two of them, its submission and its completion.
const DefaultMaxBody = 2<<20 + 64<<10

// firstRead bounds the memory, in bytes, that is set aside because a request
// claims to be that long. Longer bodies get more as they arrive.
const firstRead = 64 << 10

// HandlerOption changes how [Handler] treats requests.
type HandlerOption func(*handler)

// MaxBody sets how large a body may be, in bytes. It must be positive.
func MaxBody(size int64) HandlerOption {
	return func(h *handler) { h.maxBody = size }
}

// OnReject sets a function that is told of each request that is refused, before
// it is answered: with which status, and why, in more detail than the sender
// learns. It is meant for logs and counters; it must not read the request's
// body.
//
//	status  err
//	400     a *[ShapeError], or what reading the body met
//	401     a *[VerifyError]
//	405     the method was not POST
//	413     an *[http.MaxBytesError]
func OnReject(tell func(r *http.Request, status int, err error)) HandlerOption {
	return func(h *handler) { h.onReject = tell }
}

// Handler returns an http.Handler that verifies calls and gives those that are
// genuine to next, with the event that they tell. It fits every router: next
// sees the request as it came, and may read its body again.
//
// All others it answers itself, in a few words that help no attacker: what is
// no POST with 405, a body that is too large with 413 and one that breaks off
// with 400, a call that does not verify (a header is missing, say) with 401, and
// one that does but is not of the profile's shape with 400. [OnReject] tells the
// reasons.
//
// The body is read once and no further than its limit allows. The content type
// is not looked at: the signature says what the bytes are. A panic in next is
// left to the server. To have the time that a body may take limited, set
// [http.Server]'s ReadTimeout.
//
// Handler panics if v or next is nil, or if an option is impossible.
//
// A sender takes any 2xx as "do not send this again", and nothing else. The
// same event can still arrive more than once: drop what has an [Event.ID] that
// was seen, and answer 2xx to that, too.
func Handler(v *Verifier, next func(w http.ResponseWriter, r *http.Request, e Event), opts ...HandlerOption) http.Handler {
	if v == nil || next == nil {
		panic("webhook: Handler needs a verifier and a function to call")
	}
	h := &handler{verifier: v, next: next, maxBody: DefaultMaxBody}
	for _, opt := range opts {
		opt(h)
	}
	if h.maxBody <= 0 {
		panic(fmt.Sprintf("webhook: MaxBody of %d bytes is not positive", h.maxBody))
	}
	return h
}

type handler struct {
	verifier *Verifier
	next     func(http.ResponseWriter, *http.Request, Event)
	maxBody  int64
	onReject func(*http.Request, int, error) // nil: nobody is told
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		h.reject(w, r, http.StatusMethodNotAllowed, fmt.Errorf("method %s is not POST", r.Method))
		return
	}
	body, err := h.read(w, r)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		h.reject(w, r, http.StatusRequestEntityTooLarge, err)
		return
	}
	if err != nil {
		h.reject(w, r, http.StatusBadRequest, fmt.Errorf("reading the body: %w", err))
		return
	}
	d, err := h.verifier.Verify(r.Header, body)
	if err != nil {
		w.Header().Set("WWW-Authenticate", "Webhook-Signature") // RFC 9110, 15.5.2, wants one
		h.reject(w, r, http.StatusUnauthorized, err)
		return
	}
	e, err := ParseEvent(h.verifier.profile, body)
	if err != nil {
		h.reject(w, r, http.StatusBadRequest, err)
		return
	}
	e.ID, e.IDVerified, e.Attempt = d.ID, d.IDVerified, d.Attempt
	h.next(w, withBody(r, body), e)
}

// read returns the body. It does not read the first byte of one that says it is
// too large.
func (h *handler) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > h.maxBody {
		return nil, &http.MaxBytesError{Limit: h.maxBody}
	}
	if r.Body == nil { // which servers never do
		return nil, nil
	}
	var buf bytes.Buffer
	buf.Grow(int(min(max(r.ContentLength, 0), firstRead)) + bytes.MinRead)
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, h.maxBody))
	return buf.Bytes(), err
}

// withBody returns a copy of the request whose body can be read once more, since
// a handler must not change a request that others hold.
func withBody(r *http.Request, body []byte) *http.Request {
	r = r.WithContext(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	return r
}

// reject answers a request that is not for next.
func (h *handler) reject(w http.ResponseWriter, r *http.Request, status int, err error) {
	if h.onReject != nil {
		h.onReject(r, status, err)
	}
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
}
