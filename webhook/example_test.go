package webhook_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/ringback/ringback/webhook"
)

const whsec = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

// post makes a call as a sender would and gives it to a receiver.
func post(receiver http.Handler, profile, secret, body string) {
	p, _ := webhook.Lookup(profile)
	m := webhook.Message{ID: "msg_2b8pQ1", Type: "order.paid", UUID: "72d3162e-cc78-11e3-81ab-4c9367dc0958", Timestamp: time.Now(), Body: []byte(body)}
	h, err := webhook.Sign(p, m, secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	h.Set(webhook.HeaderID, m.ID)
	r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
	r.Header = h
	w := httptest.NewRecorder()
	receiver.ServeHTTP(w, r)
	fmt.Println(w.Code)
}

// The default profile of Ringback, which is that of Standard Webhooks.
func ExampleHandler_standard() {
	profile, _ := webhook.Lookup("standard")
	verifier, err := webhook.NewVerifier(profile, []string{whsec})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := webhook.Handler(verifier, func(w http.ResponseWriter, r *http.Request, e webhook.Event) {
		fmt.Println(e.ID, e.IDVerified, e.Type, string(e.Data))
		w.WriteHeader(http.StatusNoContent)
	})
	post(handler, "standard", whsec, `{"type":"order.paid","timestamp":"2026-11-20T12:00:00Z","data":{"order":17}}`)
	// Output:
	// msg_2b8pQ1 true order.paid {"order":17}
	// 204
}

// Moderation results in the manner of Unitary.
func ExampleHandler_unitary() {
	profile, _ := webhook.Lookup("unitary")
	verifier, err := webhook.NewVerifier(profile, []string{"next_key", "test_key"}) // during a rotation
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := webhook.Handler(verifier, func(w http.ResponseWriter, r *http.Request, e webhook.Event) {
		fmt.Println(e.JobID, e.Failed, e.Error, e.CallbackURL)
	})
	post(handler, "unitary", "test_key", `{"data":{"job_id":"92c4bcf1-a090-4519-9ed4-6eb7e1f2b28b",`+
		`"callback_url":"https://a.example/?f=1.mp4","is_error":true,"result":{"error":"Failed to decode video."}}}`)
	// Output:
	// 92c4bcf1-a090-4519-9ed4-6eb7e1f2b28b true Failed to decode video. https://a.example/?f=1.mp4
	// 200
}

// Document events in the manner of Inkit, which name a resource to fetch.
func ExampleHandler_inkit() {
	profile, _ := webhook.Lookup("inkit")
	verifier, err := webhook.NewVerifier(profile, []string{"test_key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := webhook.Handler(verifier, func(w http.ResponseWriter, r *http.Request, e webhook.Event) {
		if e.Type == "DOCUMENT_CREATE_FINISHED" {
			fmt.Println("fetch", e.ResourceID)
		}
	})
	post(handler, "inkit", "test_key", `{"event_type":"DOCUMENT_CREATE_FINISHED","resource_id":"doc_2N0X2g4f3b1JJU75fqzDZs"}`)
	// Output:
	// fetch doc_2N0X2g4f3b1JJU75fqzDZs
	// 200
}

// Results of jobs in the manner of SharpAPI.
func ExampleHandler_sharpapi() {
	profile, _ := webhook.Lookup("sharpapi")
	verifier, err := webhook.NewVerifier(profile, []string{"test_key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := webhook.Handler(verifier, func(w http.ResponseWriter, r *http.Request, e webhook.Event) {
		fmt.Println(e.JobID, e.Type, e.Failed, string(e.Result))
	})
	post(handler, "sharpapi", "test_key", `{"id":"bf683177-3a48-47d1-9c4e-0b4de39517fa","status":"success",`+
		`"type":"content_translate","result":{"content":"ciao"}}`)
	// Output:
	// bf683177-3a48-47d1-9c4e-0b4de39517fa content_translate false {"content":"ciao"}
	// 200
}

// Headers in the manner of GitHub, for receivers that route by X-GitHub-Event.
// No signature covers it: what counts is the type in the body.
func ExampleHandler_github() {
	profile, _ := webhook.Lookup("github")
	verifier, err := webhook.NewVerifier(profile, []string{"test_key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := webhook.Handler(verifier, func(w http.ResponseWriter, r *http.Request, e webhook.Event) {
		fmt.Println(r.Header.Get("X-GitHub-Event"), r.Header.Get("X-GitHub-Delivery"))
		fmt.Println(e.ID, e.IDVerified, e.Type, string(e.Data))
	})
	post(handler, "github", "test_key", `{"type":"order.paid","timestamp":"2026-11-20T12:00:00Z","data":{"order":17}}`)
	// Output:
	// order.paid 72d3162e-cc78-11e3-81ab-4c9367dc0958
	// msg_2b8pQ1 false order.paid {"order":17}
	// 200
}

// A signature in the manner of Stripe, and a receiver whose clock is fast.
func ExampleHandler_stripe() {
	profile, _ := webhook.Lookup("stripe")
	fast := webhook.Now(func() time.Time { return time.Now().Add(time.Hour) })
	verifier, err := webhook.NewVerifier(profile, []string{"test_key"}, fast)
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := webhook.Handler(verifier, func(w http.ResponseWriter, r *http.Request, e webhook.Event) {
		fmt.Println(e.Type)
	}, webhook.OnReject(func(r *http.Request, status int, err error) {
		skewed := errors.Is(err, &webhook.VerifyError{Reason: webhook.ReasonTimestampSkew})
		fmt.Println("rejected with", status, "for a wrong clock:", skewed)
	}))
	post(handler, "stripe", "test_key", `{"type":"order.paid","timestamp":"2026-11-20T12:00:00Z","data":{}}`)
	// Output:
	// rejected with 401 for a wrong clock: true
	// 401
}

func ExampleParseEvent() {
	profile, _ := webhook.Lookup("sharpapi")
	e, err := webhook.ParseEvent(profile, []byte(`{"id":"bf683177","status":"failed","type":"content_translate","error":"no text"}`))
	fmt.Println(e.JobID, e.Failed, e.Error, err)
	_, err = webhook.ParseEvent(profile, []byte(`{"status":"failed","type":"content_translate"}`))
	fmt.Println(err)
	// Output:
	// bf683177 true no text <nil>
	// body is not of the shape sharpapi: id is missing
}

// Signing and verifying without a server.
func Example() {
	p, _ := webhook.Lookup("standard")
	body := []byte(`{"type":"job.completed","timestamp":"2026-11-20T12:00:00Z","data":{}}`)

	// The sender.
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	h, err := webhook.Sign(p, webhook.Message{ID: "msg_2b8pQ1", Timestamp: at, Body: body}, whsec)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"))

	// The receiver, whose clock goes late.
	clock := webhook.Now(func() time.Time { return at.Add(-7*time.Minute - 12*time.Second) })
	for _, tolerance := range []time.Duration{webhook.DefaultTolerance, 10 * time.Minute} {
		v, err := webhook.NewVerifier(p, []string{whsec}, clock, webhook.Tolerance(tolerance))
		if err != nil {
			fmt.Println(err)
			return
		}
		d, err := v.Verify(h, body)
		fmt.Println(d.ID, d.IDVerified, err)
	}

	// Output:
	// msg_2b8pQ1 1795176000 v1,3TOr2pN5tMvoDuw6Bj5PFvWo/kG9UpbEA33I1WYyAVE=
	//  false signed 7m12s in the future, tolerance 5m0s
	// msg_2b8pQ1 true <nil>
}

// Signatures that receivers verify with a public key (v1a): nobody but the
// sender can make them.
func Example_v1a() {
	// The sender keeps the signing key, of which GenerateSigningKey makes new
	// ones, and publishes the public one with its kid.
	const signingKey = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA=="
	publicKey, err := webhook.PublicKey(signingKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	kid, err := webhook.KeyID(publicKey)
	fmt.Println(publicKey, kid, err)

	p, _ := webhook.Lookup("standard")
	at := time.Unix(1732104000, 0)
	body := []byte(`{"type":"job.completed","timestamp":"2026-11-20T12:00:00Z","data":{}}`)
	h, err := webhook.Sign(p, webhook.Message{ID: "msg_2b8pQ1", Timestamp: at, Body: body}, signingKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	version, _, _ := strings.Cut(h.Get("webhook-signature"), ",")
	fmt.Println(version)

	// The receiver. While it moves from v1 to v1a, it gives both keys.
	v, err := webhook.NewVerifier(p, []string{publicKey, whsec}, webhook.Now(func() time.Time { return at }))
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := v.Verify(h, body)
	fmt.Println(d.ID, d.IDVerified, err)
	// Output:
	// whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg= Vkdap1RjR0wC <nil>
	// v1a
	// msg_2b8pQ1 true <nil>
}

// A profile of one's own: the event's data as it is, signed with HMAC-SHA512.
func ExampleProfile_Check() {
	p := webhook.Profile{
		Name: "acme", Shape: webhook.ShapeRaw, SignatureHeader: "X-Acme-Signature",
		Content: webhook.ContentTimestampBody, Algorithm: "sha512", KeyForm: webhook.KeyText,
		Encoding: webhook.EncodingBase64, Prefix: "sha512=", Layout: webhook.LayoutOne,
	}
	err := p.Check()
	if e, ok := errors.AsType[*webhook.ProfileError](err); ok {
		fmt.Println(e.Field)
		fmt.Println(e.Problem)
	}
	p.Algorithm = webhook.AlgorithmHMACSHA512
	fmt.Println(p.Check())

	verifier, err := webhook.NewVerifier(p, []string{"test_key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	receiver := webhook.Handler(verifier, func(w http.ResponseWriter, r *http.Request, e webhook.Event) {
		fmt.Println(string(e.Data))
	})
	body := `{"order":17}`
	h, err := webhook.Sign(p, webhook.Message{Timestamp: time.Now(), Body: []byte(body)}, "test_key")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
	r.Header = h
	w := httptest.NewRecorder()
	receiver.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output:
	// algorithm
	// "sha512" is not one of: hmac-sha256, hmac-sha512, hmac-sha1, ed25519
	// <nil>
	// {"order":17}
	// 200
}
