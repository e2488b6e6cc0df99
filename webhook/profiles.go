package webhook

import (
	"slices"
	"strings"
	"time"
)

// table holds every profile, sorted by name. Where the formats come from:
//   - inkit: https://docs.inkit.com/docs/connecting-webhooks
//   - sharpapi: https://sharpapi.com/en/blog/post/ai-jobs-webhooks-real-time-notifications-for-your-application
//   - standard: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
//   - unitary: https://docs.unitary.ai/references/webhook_payloads; unitary-flat
//     is the body that the receiver example of
//     https://docs.unitary.ai/api-references/integrating_webhooks reads
var table = []Profile{
	{
		Name:            "inkit",
		Shape:           ShapeInkit,
		SignatureHeader: "Inkit-Signature",
		IncludeResult:   true,
		Content:         ContentBody,
		KeyForm:         KeyText,
		Encoding:        EncodingHex,
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
		KeyForm:         KeyText,
		Encoding:        EncodingHex,
		Unsigned:        true,
	},
	{
		Name:            "standard",
		Shape:           ShapeStandard,
		SignatureHeader: "webhook-signature",
		IncludeResult:   true,
		Content:         ContentIDTimestampBody,
		KeyForm:         KeyWhsec,
		Encoding:        EncodingBase64,
		Prefix:          "v1,",
		Several:         true,
		Unsigned:        false,
	},
	{
		Name:            "unitary",
		Shape:           ShapeUnitary,
		SignatureHeader: "X-Hub-Signature-256",
		IncludeResult:   true,
		Content:         ContentBody,
		KeyForm:         KeyText,
		Encoding:        EncodingBase64,
		Unsigned:        true,
	},
	{
		Name:            "unitary-flat",
		Shape:           ShapeUnitaryFlat,
		SignatureHeader: "X-Hub-Signature-256",
		IncludeResult:   true,
		Content:         ContentBody,
		KeyForm:         KeyText,
		Encoding:        EncodingBase64,
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
	all := slices.Clone(table)
	for i := range all {
		all[i].RetrySchedule = slices.Clone(all[i].RetrySchedule)
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
	p := table[i]
	p.RetrySchedule = slices.Clone(p.RetrySchedule)
	return p, true
}
