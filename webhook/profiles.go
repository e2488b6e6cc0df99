package webhook

import (
	"slices"
	"strings"
	"time"
)

// table holds every profile, sorted by name. Where the formats come from:
//   - github: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
//     and https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries;
//     the headers and the signature are GitHub's, the body is the standard shape
//   - inkit: https://docs.inkit.com/docs/connecting-webhooks
//   - sharpapi: https://sharpapi.com/en/blog/post/ai-jobs-webhooks-real-time-notifications-for-your-application
//   - standard: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
//   - stripe: https://docs.stripe.com/webhooks#verify-manually; the
//     header and the signature are Stripe's, the body is the standard shape
//   - unitary: https://docs.unitary.ai/references/webhook_payloads; unitary-flat
//     is the body that the receiver example of
//     https://docs.unitary.ai/api-references/integrating_webhooks reads
var table = []Profile{
	{
		Name:            "github",
		Shape:           ShapeStandard,
		SignatureHeader: "X-Hub-Signature-256",
		ExtraHeaders: []ExtraHeader{
			{Name: "X-GitHub-Event", Value: FieldType},
			{Name: "X-GitHub-Delivery", Value: FieldUUID},
		},
		IncludeResult: true,
		Content:       ContentBody,
		Algorithm:     AlgorithmHMACSHA256,
		KeyForm:       KeyText,
		Encoding:      EncodingHex,
		Prefix:        "sha256=",
		Layout:        LayoutOne,
		Unsigned:      true,
	},
	{
		Name:            "inkit",
		Shape:           ShapeInkit,
		SignatureHeader: "Inkit-Signature",
		IncludeResult:   true,
		Content:         ContentBody,
		Algorithm:       AlgorithmHMACSHA256,
		KeyForm:         KeyText,
		Encoding:        EncodingHex,
		Layout:          LayoutOne,
		Unsigned:        true,
	},
	{
		Name:            "sharpapi",
		Shape:           ShapeSharpAPI,
		SignatureHeader: "X-Signature",
		UserAgent:       "SharpAPIWebhook/1.0",
		RetrySchedule:   []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute},
		IncludeResult:   false,
		Content:         ContentBody,
		Algorithm:       AlgorithmHMACSHA256,
		KeyForm:         KeyText,
		Encoding:        EncodingHex,
		Layout:          LayoutOne,
		Unsigned:        true,
	},
	{
		Name:            "standard",
		Shape:           ShapeStandard,
		SignatureHeader: "webhook-signature",
		IncludeResult:   true,
		Content:         ContentIDTimestampBody,
		Algorithm:       AlgorithmHMACSHA256,
		KeyForm:         KeyWhsec,
		Encoding:        EncodingBase64,
		Prefix:          "v1,",
		Ed25519Prefix:   "v1a,",
		Layout:          LayoutList,
		Unsigned:        false,
	},
	{
		Name:            "stripe",
		Shape:           ShapeStandard,
		SignatureHeader: "Stripe-Signature",
		IncludeResult:   true,
		Content:         ContentTimestampBody,
		Algorithm:       AlgorithmHMACSHA256,
		KeyForm:         KeyText,
		Encoding:        EncodingHex,
		Prefix:          "v1=",
		Layout:          LayoutTimestamped,
		Unsigned:        true,
	},
	{
		Name:            "unitary",
		Shape:           ShapeUnitary,
		SignatureHeader: "X-Hub-Signature-256",
		IncludeResult:   true,
		Content:         ContentBody,
		Algorithm:       AlgorithmHMACSHA256,
		KeyForm:         KeyText,
		Encoding:        EncodingBase64,
		Layout:          LayoutOne,
		Unsigned:        true,
	},
	{
		Name:            "unitary-flat",
		Shape:           ShapeUnitaryFlat,
		SignatureHeader: "X-Hub-Signature-256",
		IncludeResult:   true,
		Content:         ContentBody,
		Algorithm:       AlgorithmHMACSHA256,
		KeyForm:         KeyText,
		Encoding:        EncodingBase64,
		Layout:          LayoutOne,
		Unsigned:        true,
	},
}

// DefaultRetrySchedule returns the retries of profiles that have none of their
// own: seven, over a bit more than a day. The caller may change it.
func DefaultRetrySchedule() []time.Duration {
	return []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute,
		2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour,
	}
}

// Profiles returns all profiles, sorted by name. The caller may change them.
func Profiles() []Profile {
	all := make([]Profile, len(table))
	for i, p := range table {
		all[i] = p.clone()
	}
	return all
}

// Lookup returns the profile of the name, which is case-sensitive.
func Lookup(name string) (Profile, bool) {
	i, ok := slices.BinarySearchFunc(table, name, func(p Profile, name string) int {
		return strings.Compare(p.Name, name)
	})
	if !ok {
		return Profile{}, false
	}
	return table[i].clone(), true
}
