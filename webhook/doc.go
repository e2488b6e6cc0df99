// Package webhook signs webhooks and verifies them.
//
// How a webhook is signed differs from vendor to vendor. Each way is a
// [Profile], a row of one table that sender and receiver share: which headers
// there are, what is signed, how the signature is written, which members the
// body has. [Lookup] finds one by its name; [Profile.Check] looks at one of
// your own.
//
// Most signatures are HMACs, which need a secret that sender and receiver share.
// The profile standard can sign with ed25519 instead (v1a), as custom profiles
// can: the sender has a key of [GenerateSigningKey], and receivers its
// [PublicKey].
//
// A receiver makes one [Verifier] of a profile and its secrets, and has
// [Handler] give it the events of genuine calls. Without net/http, or for
// bodies of other shapes, [Verifier.Verify] takes the headers and the exact
// bytes of the body; a body that was parsed and written again may have changed.
// [ParseEvent] then reads the bodies that Ringback sends: the profiles github
// and stripe sign as those vendors do, but have the standard body.
//
// What verifies has come from somebody who knows the secret, or the signing key
// that a public key belongs to. The same call can arrive more than once: drop the
// ids you have seen.
//
// The package needs the standard library alone.
package webhook

// The headers that calls carry whatever their profile, in the spelling of the
// Standard Webhooks specification.
const (
	// HeaderID holds the event's message id: the same for every endpoint,
	// retry and recovery.
	HeaderID = "webhook-id"
	// HeaderAttempt counts the attempts of one delivery, from 1.
	HeaderAttempt = "webhook-attempt"
	// HeaderTimestamp holds when the call was signed, in Unix seconds. Only
	// profiles that sign it send it, unless it is in their signature header.
	HeaderTimestamp = "webhook-timestamp"
)
