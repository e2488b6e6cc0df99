package demo

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/ringback/ringback/webhook"
)

// maxCall bounds the body of a call, in bytes.
const maxCall = 2 << 20

// refusals is how often the busy receiver answers 503 before it takes a call.
const refusals = 2

// receiver takes the webhooks, as a customer's program would: it verifies each
// with the public package, drops those that it has, and answers.
type receiver struct {
	board      *board
	lines      *timeline
	onVerified func(*track) // called before a track's first verified call is answered

	mu         sync.Mutex
	routes     map[string]*route
	seen       map[string]bool // path and webhook-id of the calls that were taken
	rejected   int             // calls that were not verified
	duplicates int
}

// route is one address of the receiver: calls of one profile, signed with one
// secret.
type route struct {
	profile  webhook.Profile
	verifier *webhook.Verifier
	owner    string // whose secret it is
	refuse   int    // calls still to be answered 503
}

func newReceiver(b *board, t *timeline, onVerified func(*track)) *receiver {
	return &receiver{
		board: b, lines: t, onVerified: onVerified,
		routes: make(map[string]*route), seen: make(map[string]bool),
	}
}

// expect sets up a route.
func (r *receiver) expect(path, profile, secret, owner string, refuse int) error {
	p, ok := webhook.Lookup(profile)
	if !ok {
		return fmt.Errorf("there is no profile %q", profile)
	}
	v, err := webhook.NewVerifier(p, []string{secret})
	if err != nil {
		return fmt.Errorf("%s cannot verify calls of profile %s: %w", owner, profile, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.routes[path] = &route{profile: p, verifier: v, owner: owner, refuse: refuse}
	return nil
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	arrived := time.Now()
	r.mu.Lock()
	to := r.routes[req.URL.Path]
	r.mu.Unlock()
	switch {
	case to == nil:
		http.NotFound(w, req)
		return
	case req.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "webhooks are POSTed", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxCall))
	if err != nil {
		status := http.StatusBadRequest
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "the body cannot be read", status)
		return
	}
	w.WriteHeader(r.take(to, req, body, arrived))
}

// take verifies a call, shows it, and gives the status to answer.
func (r *receiver) take(to *route, req *http.Request, body []byte, arrived time.Time) int {
	tr := r.board.find(subject(body))
	known := tr != nil
	if !known {
		tr = newTrack("unknown job", to.profile.Name, arrived)
	}
	call, err := to.verifier.Verify(req.Header, body)
	r.showCall(tr, to.profile, req.Header, body)
	if err != nil {
		return r.reject(tr, err)
	}
	r.lines.line(tr, stepVerified, to.owner+" fits; webhook-id "+call.ID)
	if r.refuses(to) {
		r.lines.line(tr, stepAnswered, "503, as a busy receiver would; Ringback tries again")
		return http.StatusServiceUnavailable
	}
	if call.ID != "" && r.isDuplicate(req.URL.Path+" "+call.ID) {
		r.lines.line(tr, stepDuplicate, "webhook-id "+call.ID+" was here before: dropped, answered 200")
		return http.StatusOK
	}
	r.board.update(tr, func() {
		tr.arrived, tr.verified, tr.header = true, arrived.Sub(tr.start), to.profile.SignatureHeader
		if to.profile.Shape == webhook.ShapeInkit {
			tr.toFetch = subject(body)
		}
	})
	if known {
		r.onVerified(tr)
	}
	return http.StatusOK
}

// showCall shows what arrived, verified or not. A retry has the same body.
func (r *receiver) showCall(tr *track, p webhook.Profile, h http.Header, body []byte) {
	attempt := abbreviate(cmp.Or(h.Get(webhook.HeaderAttempt), "?"), 6)
	detail := fmt.Sprintf("attempt %s; %s: %s", attempt, p.SignatureHeader, abbreviate(h.Get(p.SignatureHeader), 24))
	if attempt != "1" {
		body = nil
	}
	r.lines.lineWithBody(tr, stepSigned, detail, body)
}

// reject shows a call that is not to be trusted, and ends the wait for its job.
func (r *receiver) reject(tr *track, err error) int {
	r.mu.Lock()
	r.rejected++
	r.mu.Unlock()
	r.lines.line(tr, stepForged, err.Error()+"; answered 401")
	r.board.finish(tr, "a webhook about it was not verified: "+err.Error())
	return http.StatusUnauthorized
}

// refuses says whether the route is to refuse this call, and counts it.
func (r *receiver) refuses(to *route) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if to.refuse == 0 {
		return false
	}
	to.refuse--
	return true
}

// isDuplicate says whether a call was taken before, and remembers it.
func (r *receiver) isDuplicate(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[id] {
		r.duplicates++
		return true
	}
	r.seen[id] = true
	return false
}

// counts gives how many calls were not verified, and how many were duplicates.
func (r *receiver) counts() (rejected, duplicates int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rejected, r.duplicates
}

// subject finds what a body of any shape is about: the UUID or id of the job,
// or the resource id. It is used to sort calls, verified or not.
func subject(body []byte) string {
	var b struct {
		JobID      string `json:"job_id"`
		ID         string `json:"id"`
		ResourceID string `json:"resource_id"`
		Data       struct {
			JobID string `json:"job_id"`
			ID    string `json:"id"`
		} `json:"data"`
	}
	_ = json.Unmarshal(body, &b) // what can be read is; the rest stays ""
	return cmp.Or(b.Data.JobID, b.Data.ID, b.JobID, b.ID, b.ResourceID)
}
