package webhook

// Algorithm is what makes a signature of the content and a key.
type Algorithm string

// The HMACs (RFC 2104) take keys of the forms KeyText and KeyWhsec, ed25519
// (RFC 8032) those of KeyWhsk alone.
const (
	AlgorithmHMACSHA256 Algorithm = "hmac-sha256" // 32 bytes
	AlgorithmHMACSHA512 Algorithm = "hmac-sha512" // 64 bytes
	// AlgorithmHMACSHA1 is for receivers that know nothing newer; 20 bytes. What is
	// broken of SHA-1 does not break its HMAC.
	AlgorithmHMACSHA1 Algorithm = "hmac-sha1"
	AlgorithmEd25519  Algorithm = "ed25519" // 64 bytes
)

// size is that of a signature before it is encoded, in bytes; 0 if the
// algorithm is unknown.
func (a Algorithm) size() int {
	switch a {
	case AlgorithmHMACSHA256:
		return 32
	case AlgorithmHMACSHA512, AlgorithmEd25519:
		return 64
	case AlgorithmHMACSHA1:
		return 20
	default:
		return 0
	}
}

// Content is what a signature covers.
type Content string

const (
	// ContentBody is the body alone.
	ContentBody Content = "body"
	// ContentIDTimestampBody is id + "." + timestamp + "." + body, where id and
	// timestamp are the values of HeaderID and HeaderTimestamp.
	ContentIDTimestampBody Content = "id.timestamp.body"
	// ContentTimestampBody is timestamp + "." + body.
	ContentTimestampBody Content = "timestamp.body"
)

// KeyForm is how a secret is turned into a key.
type KeyForm string

const (
	// KeyText takes the secret's UTF-8 bytes, all of them. Secrets that begin
	// with "whsk_" or "whpk_" are refused: somebody meant another profile.
	KeyText KeyForm = "text"
	// KeyWhsec takes the 24 to 64 bytes that the base64 after "whsec_" holds.
	KeyWhsec KeyForm = "whsec"
	// KeyWhsk takes the 64 bytes that the base64 after "whsk_" holds: an ed25519
	// seed and its public key. To verify, the 32 bytes after "whpk_" will do,
	// which are the public key.
	KeyWhsk KeyForm = "whsk"
)

// Encoding is how the bytes of a signature are written.
type Encoding string

const (
	// EncodingHex is lower-case hexadecimal; either case is accepted.
	EncodingHex Encoding = "hex"
	// EncodingBase64 is base64 of the standard alphabet, padded (RFC 4648,
	// section 4).
	EncodingBase64 Encoding = "base64"
)

// Layout is the form of a signature header. A timestamp is in Unix seconds.
type Layout string

const (
	// LayoutOne is one signature. What else is signed is sent in HeaderID and
	// HeaderTimestamp.
	LayoutOne Layout = "one"
	// LayoutList is one signature or several, separated by one space. Those
	// with other prefixes are passed over.
	LayoutList Layout = "list"
	// LayoutTimestamped is "t=" + timestamp, then a comma before each
	// signature: "t=1732104000,v1=…,v1=…". Elements with other prefixes are
	// passed over. The timestamp is sent there, not in HeaderTimestamp.
	LayoutTimestamped Layout = "timestamped"
)
