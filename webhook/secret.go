package webhook

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// How secrets and keys are written (Standard Webhooks, "Signature scheme"), and
// the sizes of the keys in a "whsec_" secret, in bytes.
const (
	whsecPrefix = "whsec_"
	whskPrefix  = "whsk_"
	whpkPrefix  = "whpk_"
	minKeySize  = 24
	maxKeySize  = 64
	newKeySize  = 32
	keyIDSize   = 9 // bytes of a hash, which are 12 characters
)

var (
	errWhsecSecret = fmt.Errorf("secret must be %q followed by the base64 of %d to %d bytes",
		whsecPrefix, minKeySize, maxKeySize)
	errWhskSecret = fmt.Errorf("secret must be %q followed by the base64 of %d bytes, an ed25519 seed and its public key",
		whskPrefix, ed25519.PrivateKeySize)
	errWhskHalves = fmt.Errorf("secret (%q) holds a public key that does not belong to its seed", whskPrefix)
	errWhpk       = fmt.Errorf("public key must be %q followed by the base64 of %d bytes", whpkPrefix, ed25519.PublicKeySize)
)

// strictBase64 decodes base64 of the standard alphabet with padding, and
// refuses set bits that no byte comes from. It skips CR and LF, which callers
// must exclude.
var strictBase64 = base64.StdEncoding.Strict()

// GenerateSecret returns a new random secret that all profiles accept but those
// that sign with ed25519 alone: "whsec_" and the base64 of 32 bytes.
func GenerateSecret() string {
	var key [newKeySize]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	return whsecPrefix + base64.StdEncoding.EncodeToString(key[:])
}

// GenerateSigningKey returns a new random ed25519 key to sign with: "whsk_" and
// the base64 of 64 bytes, the seed and the public key. Who has it can sign;
// receivers get its [PublicKey].
func GenerateSigningKey() string {
	var seed [ed25519.SeedSize]byte
	_, _ = rand.Read(seed[:]) // never fails: crypto/rand ends the program instead
	return whskPrefix + base64.StdEncoding.EncodeToString(ed25519.NewKeyFromSeed(seed[:]))
}

// PublicKey returns what verifies the signatures of a signing key ("whsk_…"):
// "whpk_" and the base64 of the 32 bytes of the public key. The error does not
// repeat the key.
func PublicKey(signingKey string) (string, error) {
	_, public, err := decodeWhsk(signingKey)
	if err != nil {
		return "", err
	}
	return whpkPrefix + base64.StdEncoding.EncodeToString(public), nil
}

// KeyID returns a short name of a public key ("whpk_…") to tell it from others,
// for example in a list of keys: the base64url of the first 9 bytes of the
// SHA-256 of the key's 32 bytes, which are 12 characters. The same key always has
// the same. It authenticates nothing.
func KeyID(publicKey string) (string, error) {
	public, err := decodeWhpk(publicKey)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(public)
	return base64.RawURLEncoding.EncodeToString(sum[:keyIDSize]), nil
}

// decodeWhsec returns the key of an HMAC.
func decodeWhsec(secret string) ([]byte, error) {
	key, ok := decodeKey(secret, whsecPrefix)
	if !ok || len(key) < minKeySize || len(key) > maxKeySize {
		return nil, errWhsecSecret
	}
	return key, nil
}

// decodeWhsk returns the key that signs, and its public half.
func decodeWhsk(secret string) (ed25519.PrivateKey, ed25519.PublicKey, error) {
	both, ok := decodeKey(secret, whskPrefix)
	if !ok || len(both) != ed25519.PrivateKeySize {
		return nil, nil, errWhskSecret
	}
	private := ed25519.NewKeyFromSeed(both[:ed25519.SeedSize])
	public := private[ed25519.SeedSize:]
	if !bytes.Equal(public, both[ed25519.SeedSize:]) {
		return nil, nil, errWhskHalves
	}
	return private, ed25519.PublicKey(public), nil
}

// decodeWhpk returns the key that verifies.
func decodeWhpk(publicKey string) (ed25519.PublicKey, error) {
	public, ok := decodeKey(publicKey, whpkPrefix)
	if !ok || len(public) != ed25519.PublicKeySize {
		return nil, errWhpk
	}
	return public, nil
}

// decodeKey returns the bytes of the base64 that follows the prefix, of which
// there are no more than any key has.
func decodeKey(text, prefix string) ([]byte, bool) {
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok || len(encoded) > base64.StdEncoding.EncodedLen(maxKeySize) || strings.ContainsAny(encoded, "\r\n") {
		return nil, false
	}
	key, err := strictBase64.DecodeString(encoded)
	return key, err == nil
}
