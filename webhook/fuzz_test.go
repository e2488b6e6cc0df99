package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fuzzed are the profiles that are fuzzed: the built-in ones, whose places the
// seeds know, standard with v1a, and custom ones of every layout, algorithm and
// encoding. Each has a secret that nobody knows.
var fuzzed = func() (all []fuzzedProfile) {
	for _, p := range Profiles() {
		all = append(all, fuzzedProfile{p, GenerateSecret()})
	}
	standard, _ := Lookup("standard")
	all = append(all, fuzzedProfile{standard, GenerateSigningKey()})
	for _, p := range combinations() {
		if p.Content == ContentBody || p.KeyForm == KeyWhsec || p.Prefix == "v1," {
			continue // read alike
		}
		secret := GenerateSecret()
		if p.KeyForm == KeyWhsk {
			secret = GenerateSigningKey()
		}
		all = append(all, fuzzedProfile{p, secret})
	}
	return all
}()

type fuzzedProfile struct {
	Profile

	secret string
}

// pick chooses one of the fuzzed profiles.
func pick(row uint8) fuzzedProfile { return fuzzed[int(row)%len(fuzzed)] }

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
	for i := range fuzzed {
		f.Add(uint8(i), "t=1732104000,v1=00", "msg_1", "1732104000", "1", []byte("{}"))
	}
	f.Fuzz(func(t *testing.T, row uint8, signature, id, timestamp, attempt string, body []byte) {
		p, secret := pick(row).Profile, pick(row).secret
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
	for i := range fuzzed {
		for _, size := range []int{20, 32, 64} {
			raw := bytes.Repeat([]byte{0xa5}, size)
			for _, text := range []string{hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw)} {
				f.Add(uint8(i), "t=1,v1="+text)
				f.Add(uint8(i), "v1="+text+" v1a,"+text+" "+text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, row uint8, value string) {
		p := pick(row)
		v, err := NewVerifier(p.Profile, []string{p.secret})
		if err != nil {
			t.Fatal(err)
		}
		scheme := v.schemes[0]
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
			if text, ok := strings.CutPrefix(e, scheme.prefix); ok {
				meant++
				if raw, ok := decoded(p.Encoding, text); ok && len(raw) == scheme.algorithm.size() {
					good = append(good, string(raw))
				}
			}
		}
		read, seen := p.signatures(nil, v.schemes, value)
		if seen != meant || len(read) != len(good) {
			t.Fatalf("%s: %d signatures, %d of them good; want %d, %d", p.Name, seen, len(read), meant, len(good))
		}
		for i := range read {
			if got := string(read[i].raw()); got != good[i] {
				t.Fatalf("%s: signature %d is read as %x", p.Name, i, got)
			}
		}
		if p.Layout == LayoutTimestamped {
			if got, found := timestampElement(value); got != stamp || found != stamps {
				t.Fatalf("timestamp %q, %d times; want %q, %d", got, found, stamp, stamps)
			}
		}
	})
}

// decoded reads an encoded signature in the one way that it can be written,
// but for the case of hexadecimal digits.
func decoded(e Encoding, text string) ([]byte, bool) {
	if e == EncodingHex {
		raw, err := hex.DecodeString(text)
		return raw, err == nil
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	return raw, err == nil && base64.StdEncoding.EncodeToString(raw) == text
}

// FuzzTimestamp compares the timestamps that are read with what a pattern and
// strconv say.
func FuzzTimestamp(f *testing.F) {
	for _, seed := range []string{"1732104000", "0", "", "-1", "+1", "01", "1.0", "1e9", " 1", "253402300799", "253402300800",
		"999999999999999999", "1000000000000000000", "9223372036854775808", "18446744075441655616", "\uff11"} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^[1-9][0-9]{0,17}$`)
	p, _ := Lookup("standard")
	f.Fuzz(func(t *testing.T, value string) {
		n, ok := parseDigits(value)
		if ok != form.MatchString(value) {
			t.Fatalf("%q is read as %d, %v", value, n, ok)
		}
		if want, err := strconv.ParseInt(value, 10, 64); ok && (err != nil || n != want) {
			t.Fatalf("%q is read as %d; want %d, %v", value, n, want, err)
		}
		v, err := NewVerifier(p, []string{secretA}, Now(func() time.Time { return time.Unix(n, 0) }))
		if err != nil {
			t.Fatal(err)
		}
		text, at, err := v.timestamp(http.Header{"Webhook-Timestamp": {value}}, "")
		if good := ok && n <= maxTimestamp; (err == nil) != good || good && (text != value || at.Unix() != n) {
			t.Fatalf("%q gives %q, %v, %v", value, text, at, err)
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
	for _, c := range eventCases {
		if c.shape == ShapeRaw {
			f.Add(uint8(len(Profiles())), []byte(c.body))
		}
	}
	all := append(Profiles(), Profile{Shape: ShapeRaw})
	f.Fuzz(func(t *testing.T, row uint8, body []byte) {
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
		if p.Shape == ShapeRaw {
			if !cmp.Equal(e, Event{Data: bytes.Trim(body, " \t\r\n")}) {
				t.Fatalf("%+v", e)
			}
			return
		}
		if e.Type == "" && e.JobID == "" || e.Failed && e.Result != nil || !e.Failed && e.Error != "" || e.ID != "" {
			t.Fatalf("%+v", e)
		}
	})
}
