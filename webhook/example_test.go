package webhook_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/ringback/ringback/webhook"
)

func Example_standard() {
	p, _ := webhook.Lookup("standard")
	const secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
	body := []byte(`{"type":"job.completed","timestamp":"2026-11-20T12:00:00Z","data":{}}`)

	// The sender.
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	h, err := webhook.Sign(p, webhook.Message{ID: "msg_2b8pQ1", Timestamp: at, Body: body}, secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"))

	// The receiver, whose clock goes a bit late.
	clock := webhook.Now(func() time.Time { return at.Add(-2 * time.Second) })
	v, err := webhook.NewVerifier(p, []string{secret}, clock)
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := v.Verify(h, body)
	fmt.Println(d.ID, d.IDVerified, err)

	// Output:
	// msg_2b8pQ1 1795176000 v1,3TOr2pN5tMvoDuw6Bj5PFvWo/kG9UpbEA33I1WYyAVE=
	// msg_2b8pQ1 true <nil>
}

func Example_unitary() {
	p, _ := webhook.Lookup("unitary")
	body := []byte(`{"data":{"job_id":"92c4bcf1-a090-4519-9ed4-6eb7e1f2b28b"}}`)

	// The sender.
	h, err := webhook.Sign(p, webhook.Message{Body: body}, "test_key")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("X-Hub-Signature-256:", h.Get("X-Hub-Signature-256"))

	// The receiver, which knows the next secret already.
	_, err = webhook.Verify(p, h, body, "next_key", "test_key")
	fmt.Println(err)

	// Somebody else.
	_, err = webhook.Verify(p, h, []byte(`{"data":{}}`), "test_key")
	fmt.Println(err)
	fmt.Println(errors.Is(err, &webhook.VerifyError{Reason: webhook.ReasonSignatureMismatch}))

	// Output:
	// X-Hub-Signature-256: E0SOYALMerYflPGdO1BS+c4JyMphwvTzpYJUnx8ekgQ=
	// <nil>
	// signature mismatch in X-Hub-Signature-256: the secret is another one, or the body is not the one that was signed
	// true
}
