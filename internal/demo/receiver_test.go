package demo

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// desk is a receiver with one job on its board.
type desk struct {
	*receiver

	out      *bytes.Buffer
	track    *track
	jobID    string
	secret   string
	verified int // calls of onVerified
}

func newDesk(t *testing.T, profile string, refuse int) *desk {
	t.Helper()
	lines, out, tr := testTimeline(false, 200)
	d := &desk{out: out, track: tr, jobID: ringback.NewID(ringback.PrefixJob, time.Now()), secret: webhook.GenerateSecret()}
	tr.start = time.Now()
	b := newBoard()
	if err := b.submit(tr, "", func() (string, error) { return d.jobID, nil }); err != nil {
		t.Fatal(err)
	}
	d.receiver = newReceiver(b, lines, func(*track) { d.verified++ })
	if err := d.expect("/hook", profile, d.secret, "the account's secret", refuse); err != nil {
		t.Fatal(err)
	}
	return d
}

// call sends a body, signed with the secret, and gives the status.
func (d *desk) call(t *testing.T, profile, id, body, secret string, change func(*http.Request)) int {
	t.Helper()
	p, _ := webhook.Lookup(profile)
	h, err := webhook.Sign(p, webhook.Message{ID: id, Timestamp: time.Now(), Body: []byte(body)}, secret)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
	req.Header = h
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Attempt", "1")
	if change != nil {
		change(req)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, req)
	return w.Code
}

func TestReceiverDropsDuplicates(t *testing.T) {
	d := newDesk(t, "unitary", 0)
	body := `{"data":{"job_id":"` + ringback.UUID(d.jobID) + `"}}`
	for range 3 {
		if status := d.call(t, "unitary", "msg_1", body, d.secret, nil); status != 200 {
			t.Errorf("status %d", status)
		}
	}
	if status := d.call(t, "unitary", "msg_2", body, d.secret, nil); status != 200 {
		t.Errorf("status %d", status)
	}
	if _, duplicates := d.counts(); duplicates != 2 || d.verified != 2 {
		t.Errorf("%d duplicates, %d new calls", duplicates, d.verified)
	}
	if n := strings.Count(d.out.String(), "duplicate  webhook-id msg_1 was here before"); n != 2 {
		t.Errorf("%d duplicates are shown:\n%s", n, d.out)
	}
	if !d.track.arrived || d.track.header != "X-Hub-Signature-256" {
		t.Errorf("track %+v", d.track)
	}
}

func TestReceiverRefusesAndThenTakes(t *testing.T) {
	d := newDesk(t, "standard", 2)
	body := `{"data":{"id":"` + d.jobID + `"}}`
	for i, want := range []int{503, 503, 200, 200} {
		if status := d.call(t, "standard", "msg_1", body, d.secret, nil); status != want {
			t.Errorf("call %d: status %d, want %d", i+1, status, want)
		}
	}
	if _, duplicates := d.counts(); duplicates != 1 || d.verified != 1 {
		t.Errorf("%d duplicates, %d new calls", duplicates, d.verified)
	}
}

func TestReceiverTrustsNothingUnverified(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"another body":        func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"id":"x"}`)) },
		"no signature":        func(r *http.Request) { r.Header.Del("X-Signature") },
		"another signature":   func(r *http.Request) { r.Header.Set("X-Signature", strings.Repeat("0", 64)) },
		"signature is no hex": func(r *http.Request) { r.Header.Set("X-Signature", "\x1b[2J") },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, "sharpapi", 0)
			body := `{"id":"` + ringback.UUID(d.jobID) + `"}`
			if status := d.call(t, "sharpapi", "msg_1", body, d.secret, change); status != 401 {
				t.Errorf("status %d", status)
			}
			if rejected, _ := d.counts(); rejected != 1 || d.verified != 0 || d.track.good() {
				t.Errorf("%d rejected, %d verified, track %+v", rejected, d.verified, d.track)
			}
			if !strings.Contains(d.out.String(), "NOT VERIFIED  ") || strings.Contains(d.out.String(), "\x1b") {
				t.Errorf("shown: %q", d.out)
			}
		})
	}
}

// TestReceiverNeverForgets: a good call after a forged one does not make up
// for it, nor is a forged one after a good call passed over.
func TestReceiverNeverForgets(t *testing.T) {
	for _, forgedFirst := range []bool{true, false} {
		d := newDesk(t, "sharpapi", 0)
		body := `{"id":"` + ringback.UUID(d.jobID) + `"}`
		secrets := []string{d.secret, "another"}
		if forgedFirst {
			secrets = []string{"another", d.secret}
		}
		for _, secret := range secrets {
			d.call(t, "sharpapi", "msg_1", body, secret, nil)
		}
		d.board.finish(d.track, "")
		if !d.track.arrived || d.track.good() {
			t.Errorf("forged first: %t; track %+v", forgedFirst, d.track)
		}
	}
}

func TestReceiverAnswersOtherRequests(t *testing.T) {
	d := newDesk(t, "unitary", 0)
	for _, tc := range []struct {
		method, path string
		body         io.Reader
		want         int
	}{
		{http.MethodGet, "/hook", nil, 405},
		{http.MethodPost, "/other", nil, 404},
		{http.MethodPost, "/hook", bytes.NewReader(make([]byte, maxCall+1)), 413},
		{http.MethodPost, "/hook", strings.NewReader("{}"), 401},
	} {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, httptest.NewRequest(tc.method, tc.path, tc.body))
		if w.Code != tc.want {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, w.Code, tc.want)
		}
	}
	if d.verified != 0 || !strings.Contains(d.out.String(), "unknown job") {
		t.Errorf("%d verified; shown: %s", d.verified, d.out)
	}
}

func TestReceiverWantsUsableSecrets(t *testing.T) {
	r := newReceiver(newBoard(), nil, nil)
	if err := r.expect("/x", "standard", "test_key", "the account's secret", 0); err == nil {
		t.Error("test_key cannot verify the profile standard")
	}
	if err := r.expect("/x", "morse", "test_key", "the account's secret", 0); err == nil {
		t.Error("there is no profile morse")
	}
}

func TestSubject(t *testing.T) {
	for body, want := range map[string]string{
		`{"data":{"job_id":"a","callback_url":"b"}}`: "a",
		`{"job_id":"a","callback_url":"b"}`:          "a",
		`{"id":"a","status":"success"}`:              "a",
		`{"type":"t","data":{"id":"a"}}`:             "a",
		`{"event_type":"t","resource_id":"a"}`:       "a",
		`{"id":7,"resource_id":"a","data":[]}`:       "a",
		`not JSON`:                                   "",
		``:                                           "",
	} {
		if got := subject([]byte(body)); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}
