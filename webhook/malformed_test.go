package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestMalformedSignedFields signs ids and timestamps that the signer refuses,
// with the right key, to see that the verifier refuses them too.
func TestMalformedSignedFields(t *testing.T) {
	p := profile(t, "standard")
	v, err := NewVerifier(p, []string{secretA}, Now(func() time.Time { return time.Unix(1732104000, 0) }))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ id, timestamp, header string }{
		{"msg_1.1732104000", "1732104000", HeaderID},
		{"", "1732104000", HeaderID},
		{"msg 1", "1732104000", HeaderID},
		{"msg\x00", "1732104000", HeaderID},
		{"msgé", "1732104000", HeaderID},
		{"msg_1", "", HeaderTimestamp},
		{"msg_1", "+1732104000", HeaderTimestamp},
		{"msg_1", "-1732104000", HeaderTimestamp},
		{"msg_1", "01732104000", HeaderTimestamp},
		{"msg_1", "1732104000.0", HeaderTimestamp},
		{"msg_1", "1732104000 ", HeaderTimestamp},
		{"msg_1", "0x673dd1c0", HeaderTimestamp},
		{"msg_1", "1.732104e9", HeaderTimestamp},
		{"msg_1", "0", HeaderTimestamp},
		{"msg_1", "253402300800", HeaderTimestamp},
		{"msg_1", "9223372036854775807", HeaderTimestamp},
		{"msg_1", "18446744075441655616", HeaderTimestamp}, // 2^64 + 1732104000
		{"msg_1", strings.Repeat("9", 1<<20), HeaderTimestamp},
	}
	for _, tt := range tests {
		sum := v.keys[0].sign(&content{of: ContentIDTimestampBody, id: tt.id, timestamp: tt.timestamp})
		h := http.Header{
			"Webhook-Id":        {tt.id},
			"Webhook-Timestamp": {tt.timestamp},
			"Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(sum.raw())},
		}
		_, err := v.Verify(h, nil)
		wantReason(t, err, ReasonMalformedHeader, tt.header)
	}
}

func TestSignatureHeaderForms(t *testing.T) {
	body := []byte(`{"a":1}`)
	at := time.Unix(1732104000, 0)
	header := func(name, secret string) string {
		p := profile(t, name)
		h, err := Sign(p, Message{ID: "msg_1", Timestamp: at, Body: body}, secret)
		if err != nil {
			t.Fatal(err)
		}
		return h.Get(p.SignatureHeader)
	}
	good, other := header("standard", secretA), header("standard", secretB)
	h256, hexed := header("unitary", secretA), header("inkit", secretA)
	hub := header("github", secretA)
	stripe, otherStripe := header("stripe", secretA), header("stripe", secretB)
	stamp, v1, _ := strings.Cut(stripe, ",")
	_, otherV1, _ := strings.Cut(otherStripe, ",")
	raw, err := base64.StdEncoding.DecodeString(h256)
	if err != nil {
		t.Fatal(err)
	}
	const accepted, mismatch, malformed = Reason(""), ReasonSignatureMismatch, ReasonMalformedHeader
	tests := []struct {
		profile, value string
		want           Reason
	}{
		{"standard", good, accepted},
		{"standard", other, mismatch},
		{"standard", other + " " + good, accepted},
		{"standard", "v1a,abc v2,def " + good, accepted},
		{"standard", "  " + good + "  ", accepted},
		{"standard", "v1,!!! " + good, accepted},
		{"standard", strings.Repeat(other+" ", 31) + good, accepted},
		{"standard", strings.Repeat(other+" ", 32) + good, mismatch},
		{"standard", strings.Repeat("v2,a ", 5000) + good, mismatch},
		{"standard", "v1a," + good[3:], mismatch},
		{"standard", good[3:], mismatch},
		{"standard", strings.ToUpper(good[:2]) + good[2:], mismatch},
		{"standard", "", mismatch},
		{"standard", "v1,", malformed},
		{"standard", good[:len(good)-1], malformed}, // no padding
		{"standard", good + "=", malformed},
		{"standard", good + "," + other, malformed},
		{"standard", "v1,\n" + good[3:], malformed},
		{"standard", good[:20] + "\n" + good[21:], malformed},
		{"standard", "v1," + strings.Repeat("A", 1<<20), malformed},
		{"unitary", h256, accepted},
		{"unitary", "sha256=" + h256, malformed},
		{"unitary", h256 + " " + h256, malformed},
		{"unitary", h256 + ", " + h256, malformed},
		{"unitary", " " + h256, malformed},
		{"unitary", "", malformed},
		{"unitary", hex.EncodeToString(raw), malformed},
		{"unitary", h256[:42] + string(h256[42]+1) + "=", malformed}, // set bits that belong to no byte
		{"unitary", base64.RawStdEncoding.EncodeToString(raw), malformed},
		{"unitary", base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32)), malformed},
		{"unitary", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32)), mismatch},
		{"unitary", base64.StdEncoding.EncodeToString(raw[:31]) + "", malformed},
		{"unitary", base64.StdEncoding.EncodeToString(append(raw[:32:32], 0)), malformed},
		{"inkit", hexed, accepted},
		{"inkit", strings.ToUpper(hexed), accepted},
		{"inkit", hexed[:63], malformed},
		{"inkit", hexed[:63] + "g", malformed},
		{"inkit", hexed + "00", malformed},
		{"inkit", "sha256=" + hexed, malformed},
		{"inkit", strings.Repeat("0", 64), mismatch},
		{"sharpapi", strings.ToUpper(hexed), accepted}, // inkit and sharpapi sign alike
		{"github", hub, accepted},
		{"github", "sha256=" + strings.ToUpper(hub[7:]), accepted},
		{"github", "sha256=" + hexed, accepted}, // what inkit signs, too
		{"github", hub[7:], malformed},
		{"github", "SHA256=" + hub[7:], malformed},
		{"github", "sha1=" + hub[7:47], malformed},
		{"github", "sha256=", malformed},
		{"github", "sha256=" + h256, malformed},
		{"github", hub + "," + hub, malformed},
		{"github", " " + hub, malformed},
		{"github", "", malformed},
		{"github", "sha256=" + strings.Repeat("0", 64), mismatch},
		{"stripe", stripe, accepted},
		{"stripe", otherStripe, mismatch},
		{"stripe", stripe + "," + otherV1, accepted},
		{"stripe", otherStripe + "," + v1, accepted},
		{"stripe", v1 + "," + stamp, accepted},
		{"stripe", stamp + "," + strings.ToUpper(v1[3:]), mismatch}, // of no version
		{"stripe", stamp + ",v1=" + strings.ToUpper(v1[3:]), accepted},
		{"stripe", stamp + ",v0=" + v1[3:] + "," + v1, accepted},
		{"stripe", stamp + ",v0=" + v1[3:], mismatch},
		{"stripe", stamp + ",v1=zz," + v1 + ",,=,v2", accepted},
		{"stripe", stamp + strings.Repeat(","+otherV1, 30) + "," + v1, accepted},
		{"stripe", stamp + strings.Repeat(","+otherV1, 31) + "," + v1, mismatch},
		{"stripe", strings.Repeat("v2,", 5000) + stripe, malformed}, // the timestamp is too far off
		{"stripe", stamp, mismatch},
		{"stripe", stamp + ",v1=", malformed},
		{"stripe", stamp + "," + v1[:len(v1)-1], malformed},
		{"stripe", stamp + ", " + v1, mismatch}, // " v1" is another name
		{"stripe", stamp + "," + stripe, malformed},
		{"stripe", stripe + ",t=1", malformed},
		{"stripe", stripe + ",t=", malformed},
		{"stripe", v1, malformed},
		{"stripe", "t=," + v1, malformed},
		{"stripe", "t=+1732104000," + v1, malformed},
		{"stripe", "t=01732104000," + v1, malformed},
		{"stripe", "t=1732104000.0," + v1, malformed},
		{"stripe", "t=1732104000 ," + v1, malformed},
		{"stripe", "t==1732104000," + v1, malformed},
		{"stripe", "T=1732104000," + v1, malformed},
		{"stripe", "t=253402300800," + v1, malformed},
		{"stripe", "t=18446744075441655616," + v1, malformed}, // 2^64 + 1732104000
		{"stripe", "t=1732104001," + v1, mismatch},
		{"stripe", "t=1732103699," + v1, ReasonTimestampSkew},
		{"stripe", "t=1732104301," + v1, ReasonTimestampSkew},
		{"stripe", "", malformed},
		{"stripe", strings.Repeat("t=1732104000,", 1<<16), malformed},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprintf("%d %s", i, tt.profile), func(t *testing.T) {
			p := profile(t, tt.profile)
			v, err := NewVerifier(p, []string{secretA}, Now(func() time.Time { return at }))
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {"1732104000"}}
			h.Set(p.SignatureHeader, tt.value)
			_, err = v.Verify(h, body)
			if tt.want == accepted {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantReason(t, err, tt.want, p.SignatureHeader)
		})
	}
}

func TestHintsAreOptional(t *testing.T) {
	p, body := profile(t, "unitary"), []byte("{}")
	good, err := Sign(p, Message{Body: body}, "k")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		ids, attempts []string
		id            string
		attempt       int
	}{
		{nil, nil, "", 0},
		{[]string{"msg_1"}, []string{"1"}, "msg_1", 1},
		{[]string{"msg_1", "msg_2"}, []string{"1", "2"}, "", 0},
		{[]string{"a b"}, []string{"-1"}, "", 0},
		{[]string{"a.b"}, []string{"0"}, "", 0},
		{[]string{""}, []string{""}, "", 0},
		{[]string{"x"}, []string{"1e3"}, "x", 0},
		{[]string{"x"}, []string{"99999999999999999999"}, "x", 0},
		{[]string{"x"}, []string{"4294967296"}, "x", 0},
	}
	for _, tt := range tests {
		h := good.Clone()
		h["Webhook-Id"], h["Webhook-Attempt"] = tt.ids, tt.attempts
		d, err := Verify(p, h, body, "k")
		if err != nil {
			t.Fatal(err)
		}
		if d.ID != tt.id || d.Attempt != tt.attempt || d.IDVerified || !d.Timestamp.IsZero() {
			t.Errorf("ids %q, attempts %q: %+v", tt.ids, tt.attempts, d)
		}
	}
}
