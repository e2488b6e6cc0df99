package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzVerify gives a verifier whose secret nobody knows whatever headers and
// body: it must not panic and must not accept them. The same headers with the
// fields and the signature that the secret makes must be accepted.
func FuzzVerify(f *testing.F) {
	for i, p := range Profiles() {
		for _, v := range vectors(f) {
			if v.Profile == p.Name {
				f.Add(uint8(i), v.header().Get(p.SignatureHeader), v.ID, "1732104000", "1", []byte(v.Body))
			}
		}
	}
	f.Add(uint8(4), "t=1732104000,v1=00,v1=,t", "a", "1", "1", []byte("{}"))
	f.Add(uint8(3), "v1,, v1a,x  v1,", "a.b", "-0", "x", []byte(nil))
	f.Add(uint8(0), "zz", "\x00", "99999999999999999999", "99999999999999999999", []byte("{}"))
	secret := GenerateSecret()
	f.Fuzz(func(t *testing.T, row uint8, signature, id, timestamp, attempt string, body []byte) {
		all := Profiles()
		p := all[int(row)%len(all)]
		at := time.Unix(1732104000, 0)
		v, err := NewVerifier(p, []string{secret}, Now(func() time.Time { return at }))
		if err != nil {
			t.Fatal(err)
		}
		h := make(http.Header)
		h.Set(HeaderID, id)
		h.Set(HeaderTimestamp, timestamp)
		h.Set(HeaderAttempt, attempt)
		h.Set(p.SignatureHeader, signature)
		if d, err := v.Verify(h, body); err == nil {
			t.Fatalf("accepted %v as %+v", h, d)
		}
		s, err := NewSigner(p, secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Sign(Message{ID: id, Timestamp: at, Body: body}, h); err != nil {
			return // an id that cannot be signed
		}
		d, err := v.Verify(h, body)
		if err != nil {
			t.Fatal(err)
		}
		if d.IDVerified && d.ID != id {
			t.Fatalf("id %q was signed, %q came out", id, d.ID)
		}
	})
}

// FuzzSignatureHeader compares what is read from signature headers with what
// a plain split of them gives.
func FuzzSignatureHeader(f *testing.F) {
	for i, p := range Profiles() {
		for _, v := range vectors(f) {
			if v.Profile == p.Name {
				f.Add(uint8(i), v.header().Get(p.SignatureHeader))
			}
		}
	}
	const hexed = "47233fbfcc1f392c884d589dbc7234e5937733e66ccd08bd165e8c9af4f3377d"
	f.Add(uint8(4), "t=1,v1="+hexed+",v1="+hexed+",v0=zz")
	f.Add(uint8(4), "t=1,t=2,v1=,=,,v1=\x00")
	f.Add(uint8(3), "v1, v1,x  v1a,y")
	f.Add(uint8(0), "sha256="+hexed+",")
	f.Fuzz(func(t *testing.T, row uint8, value string) {
		all := Profiles()
		p := all[int(row)%len(all)]
		elements := []string{value}
		if separator := p.Layout.separator(); separator != "" {
			elements = strings.Split(value, separator)
			elements = elements[:min(len(elements), maxElements)]
		}
		var meant, stamps int
		var stamp string
		var good []string
		for _, e := range elements {
			if text, ok := strings.CutPrefix(e, "t="); ok {
				stamps, stamp = stamps+1, text
			}
			if text, ok := strings.CutPrefix(e, p.Prefix); ok {
				meant++
				if _, ok := p.Encoding.decode(text); ok {
					good = append(good, text)
				}
			}
		}
		sums, seen := p.signatures(nil, value)
		if seen != meant || len(sums) != len(good) {
			t.Fatalf("%s: %d signatures, %d of them good; want %d, %d", p.Name, seen, len(sums), meant, len(good))
		}
		for i := range sums {
			if got := string(p.Encoding.append(nil, sums[i][:])); !strings.EqualFold(got, good[i]) {
				t.Fatalf("%s: signature %d is read as %s", p.Name, i, got)
			}
		}
		if p.Layout == LayoutTimestamped {
			if got, found := timestampElement(value); got != stamp || found != stamps {
				t.Fatalf("timestamp %q, %d times; want %q, %d", got, found, stamp, stamps)
			}
		}
	})
}

// FuzzParseEvent checks that no body makes ParseEvent panic or give both an
// event and an error, and that what it gives of the body is JSON.
func FuzzParseEvent(f *testing.F) {
	for i, p := range Profiles() {
		for _, v := range vectors(f) {
			f.Add(uint8(i), []byte(v.Body))
		}
		for _, c := range eventCases {
			if c.shape == p.Shape {
				f.Add(uint8(i), []byte(c.body))
			}
		}
	}
	f.Fuzz(func(t *testing.T, row uint8, body []byte) {
		all := Profiles()
		p := all[int(row)%len(all)]
		before := bytes.Clone(body)
		e, err := ParseEvent(p, body)
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			if _, ok := errors.AsType[*ShapeError](err); !ok || !cmp.Equal(e, Event{}) {
				t.Fatalf("%+v, %v", e, err)
			}
			return
		}
		for _, v := range []json.RawMessage{e.Data, e.Result} {
			if v != nil && (!json.Valid(v) || !bytes.Contains(body, v)) {
				t.Fatalf("%q of the body %q", v, body)
			}
		}
		if e.Type == "" && e.JobID == "" || e.Failed && e.Result != nil || !e.Failed && e.Error != "" || e.ID != "" {
			t.Fatalf("%+v", e)
		}
	})
}
