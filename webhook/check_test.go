package webhook

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCheckRefuses(t *testing.T) {
	good := Profile{
		Name: "acme-2", Shape: ShapeRaw, SignatureHeader: "X-Acme-Signature", Content: ContentBody,
		Algorithm: AlgorithmHMACSHA256, KeyForm: KeyText, Encoding: EncodingHex, Layout: LayoutOne,
	}
	list := func(p *Profile) {
		p.Layout, p.KeyForm, p.Prefix, p.Ed25519Prefix = LayoutList, KeyWhsec, "v1,", "v1a,"
	}
	tests := []struct {
		spoil func(*Profile)
		want  string // the error, after "profile: ", or its beginning
	}{
		{func(p *Profile) { *p = Profile{Name: "x"} }, `shape: "" is not one of: standard, unitary, unitary-flat, inkit, sharpapi, raw`},
		{func(p *Profile) { p.Name = "" }, `name: "" is not 1 to 64 of the characters a-z, 0-9 and -`},
		{func(p *Profile) { p.Name = strings.Repeat("a", 65) }, `name: "aaa`},
		{func(p *Profile) { p.Name = "Acme" }, `name: "Acme" is not 1 to 64`},
		{func(p *Profile) { p.Name = "a\n" }, `name: "a\n" is not 1 to 64`},
		{func(p *Profile) { p.Name = "é" }, `name: "é" is not 1 to 64`},
		{func(p *Profile) { p.Name = strings.Repeat("é", 100) }, `name: "` + strings.Repeat("é", 40) + `…" is not`},
		{func(p *Profile) { p.Name = "stripe" }, "name: stripe is a built-in profile; choose another name"},
		{func(p *Profile) { p.Shape = "xml" }, `shape: "xml" is not one of: `},
		{func(p *Profile) { p.SignatureHeader = "" }, `header: "" is not a header name: 1 to 64 letters`},
		{func(p *Profile) { p.SignatureHeader = strings.Repeat("X", 65) }, `header: "XXX`},
		{func(p *Profile) { p.SignatureHeader = "X Sig" }, `header: "X Sig" is not a header name`},
		{func(p *Profile) { p.SignatureHeader = "X-Sig:" }, `header: "X-Sig:" is not a header name`},
		{func(p *Profile) { p.SignatureHeader = "X\r\nY" }, `header: "X\r\nY" is not a header name`},
		{func(p *Profile) { p.SignatureHeader = "X-Ünicode" }, `header: "X-Ünicode" is not a header name`},
		{func(p *Profile) { p.SignatureHeader = "content-type" }, "header: content-type follows from the request; choose another name"},
		{func(p *Profile) { p.SignatureHeader = "HOST" }, "header: HOST follows from the request; choose another name"},
		{func(p *Profile) { p.SignatureHeader = "Connection" }, "header: Connection concerns the connection; choose another name"},
		{func(p *Profile) { p.SignatureHeader = "TE" }, "header: TE concerns the connection"},
		{func(p *Profile) { p.SignatureHeader = "Proxy-Authorization" }, "header: Proxy-Authorization concerns the connection"},
		{func(p *Profile) { p.SignatureHeader = "User-Agent" }, "header: User-Agent has a field of its own"},
		{func(p *Profile) { p.SignatureHeader = "Authorization" }, "header: Authorization has a meaning of its own to servers"},
		{func(p *Profile) { p.SignatureHeader = "traceparent" }, "header: traceparent is read and written by proxies"},
		{func(p *Profile) { p.SignatureHeader = "webhook-id" }, "header: webhook-id is Ringback's own"},
		{func(p *Profile) { p.SignatureHeader = "Webhook-Attempt" }, "header: Webhook-Attempt is Ringback's own"},
		{func(p *Profile) { p.SignatureHeader = "webhook-timestamp" }, "header: webhook-timestamp is Ringback's own"},
		{func(p *Profile) { p.Content = "" }, `content: "" is not one of: body, id.timestamp.body, timestamp.body`},
		{func(p *Profile) { p.Algorithm = "" }, `algorithm: "" is not one of: hmac-sha256, hmac-sha512, hmac-sha1, ed25519`},
		{func(p *Profile) { p.Algorithm = "none" }, `algorithm: "none" is not one of: `},
		{func(p *Profile) { p.KeyForm = "" }, `key_form: "" is not one of: text, whsec`},
		{func(p *Profile) { p.KeyForm = KeyWhsk }, `key_form: "whsk" is not one of: text, whsec`},
		{func(p *Profile) { p.Algorithm = AlgorithmEd25519 }, `key_form: "text" is not one of: whsk`},
		{func(p *Profile) { p.Encoding = "" }, `encoding: "" is not one of: hex, base64`},
		{func(p *Profile) { p.Layout = "" }, `layout: "" is not one of: one, list, timestamped`},
		{func(p *Profile) { p.Layout, p.Prefix = LayoutTimestamped, "v1=" }, "layout: timestamped sends a timestamp, which the content body does not sign"},
		{func(p *Profile) { p.Layout = LayoutList }, "prefix: the layout list needs one, to tell signatures from what is none"},
		{func(p *Profile) { p.Prefix = strings.Repeat("=", 33) }, "prefix: it has 33 bytes; at most 32 are allowed"},
		{func(p *Profile) { p.Prefix = "HMAC " }, `prefix: "HMAC " has a character other than visible ASCII`},
		{func(p *Profile) { p.Prefix = "a\r\n" }, `prefix: "a\r\n" has a character`},
		{func(p *Profile) { p.Prefix = "é" }, `prefix: "é" has a character`},
		{func(p *Profile) { p.Layout, p.Content, p.Prefix = LayoutTimestamped, ContentTimestampBody, "v1," }, `prefix: "v1," has a comma, which separates`},
		{func(p *Profile) { p.Layout, p.Content, p.Prefix = LayoutTimestamped, ContentTimestampBody, "t=" }, `prefix: "t=" begins as the timestamp does`},
		{func(p *Profile) { p.Ed25519Prefix = "v1a," }, "ed25519_prefix: it needs the key form whsec and a layout of several signatures"},
		{func(p *Profile) { list(p); p.Layout = LayoutOne }, "ed25519_prefix: it needs the key form whsec"},
		{func(p *Profile) { list(p); p.Prefix = "v1" }, `ed25519_prefix: "v1a," and the prefix "v1" cannot be told apart`},
		{func(p *Profile) { list(p); p.Ed25519Prefix = "v1" }, `ed25519_prefix: "v1" and the prefix "v1," cannot be told apart`},
		{func(p *Profile) { list(p); p.Ed25519Prefix = "v 2" }, `ed25519_prefix: "v 2" has a character`},
		{func(p *Profile) { p.ExtraHeaders = []ExtraHeader{{"", FieldType}} }, `extra_headers: "" is not a header name`},
		{func(p *Profile) { p.ExtraHeaders = []ExtraHeader{{"X-A", "id"}} }, `extra_headers: "id" is not one of: type, uuid`},
		{func(p *Profile) { p.ExtraHeaders = []ExtraHeader{{"webhook-signature", FieldType}} }, "extra_headers: webhook-signature is Ringback's own"},
		{func(p *Profile) { p.ExtraHeaders = []ExtraHeader{{"Cookie", FieldType}} }, "extra_headers: Cookie has a meaning of its own"},
		{func(p *Profile) { p.ExtraHeaders = []ExtraHeader{{"x-acme-signature", FieldType}} }, "extra_headers: x-acme-signature is there twice"},
		{func(p *Profile) { p.ExtraHeaders = []ExtraHeader{{"X-A", FieldType}, {"x-a", FieldUUID}} }, "extra_headers: x-a is there twice"},
		{func(p *Profile) {
			for _, c := range "abcdefghi" {
				p.ExtraHeaders = append(p.ExtraHeaders, ExtraHeader{"X-" + string(c), FieldType})
			}
		}, "extra_headers: 9 are too many; at most 8 are allowed"},
		{func(p *Profile) { p.UserAgent = strings.Repeat("a", 129) }, "user_agent: it has 129 bytes; at most 128 are allowed"},
		{func(p *Profile) { p.UserAgent = " a" }, `user_agent: " a" is not visible ASCII`},
		{func(p *Profile) { p.UserAgent = "a\nb" }, `user_agent: "a\nb" is not visible ASCII`},
		{func(p *Profile) { p.UserAgent = "a\tb" }, `user_agent: "a\tb" is not visible ASCII`},
		{func(p *Profile) { p.RetrySchedule = []time.Duration{0, -time.Second} }, "retry_schedule: a delay cannot be negative: -1s"},
	}
	for _, tt := range tests {
		p := good
		tt.spoil(&p)
		err := p.Check()
		e, ok := errors.AsType[*ProfileError](err)
		if !ok || !strings.HasPrefix(err.Error(), "profile: "+tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
			continue
		}
		if field, problem, _ := strings.Cut(tt.want, ": "); e.Field != field || !strings.HasPrefix(e.Problem, problem) {
			t.Errorf("%s: field %s, problem %s", tt.want, e.Field, e.Problem)
		}
	}
}

func TestCheckAccepts(t *testing.T) {
	for _, change := range []func(*Profile){
		func(*Profile) {},
		func(p *Profile) { p.Name = strings.Repeat("-", 64) },
		func(p *Profile) { p.SignatureHeader = "webhook-signature" },
		func(p *Profile) { p.SignatureHeader = "!#$%&'*+-.^_`|~" },
		func(p *Profile) { p.SignatureHeader = strings.Repeat("X", 64) },
		func(p *Profile) { p.Prefix = "v1," }, // one signature, which nothing separates
		func(p *Profile) { p.Prefix = strings.Repeat("~", 32) },
		func(p *Profile) { p.UserAgent = "Acme/1.0 (+https://acme.example)" },
		func(p *Profile) { p.RetrySchedule = []time.Duration{} },
		func(p *Profile) { p.ExtraHeaders = []ExtraHeader{{"X-Type", FieldType}, {"X-UUID", FieldUUID}} },
		func(p *Profile) {
			p.Layout, p.KeyForm, p.Prefix, p.Ed25519Prefix = LayoutList, KeyWhsec, "v1,", "v1a,"
		},
	} {
		p := Profile{
			Name: "acme", Shape: ShapeRaw, SignatureHeader: "X-Acme-Signature", Content: ContentIDTimestampBody,
			Algorithm: AlgorithmHMACSHA512, KeyForm: KeyText, Encoding: EncodingBase64, Layout: LayoutOne,
		}
		change(&p)
		if err := p.Check(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
		if _, err := NewSigner(p, secretA); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// What no check has seen signs nothing, and its calls are not unsigned either.
func TestIncompleteProfilesAreRefused(t *testing.T) {
	good := profile(t, "unitary")
	tests := map[string]func(*Profile){
		"profile: header: ":         func(p *Profile) { *p = Profile{} },
		`profile: header: "A\nB" `:  func(p *Profile) { p.SignatureHeader = "A\nB" },
		`profile: content: "" `:     func(p *Profile) { p.Content = "" },
		`profile: algorithm: "" `:   func(p *Profile) { p.Algorithm = "" },
		`profile: algorithm: "md5"`: func(p *Profile) { p.Algorithm = "md5" },
		`profile: key_form: "hex" `: func(p *Profile) { p.KeyForm = "hex" },
		`profile: encoding: "" `:    func(p *Profile) { p.Encoding = "" },
		`profile: layout: "" `:      func(p *Profile) { p.Layout = "" },
		`profile: prefix: "a b" `:   func(p *Profile) { p.Prefix = "a b" },
		"profile: extra_headers: ":  func(p *Profile) { p.ExtraHeaders = []ExtraHeader{{"", FieldType}} },
	}
	for want, spoil := range tests {
		p := good
		spoil(&p)
		for _, secrets := range [][]string{nil, {"k"}, {signingKey}} {
			if _, err := NewSigner(p, secrets...); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("NewSigner: got %v, want %s", err, want)
			}
			if _, err := NewVerifier(p, secrets); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("NewVerifier: got %v, want %s", err, want)
			}
		}
	}
}
