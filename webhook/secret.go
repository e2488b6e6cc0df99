package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Sizes of a key in a "whsec_" secret, in bytes (Standard Webhooks, "Signature
// scheme").
const (
	whsecPrefix = "whsec_"
	minKeySize  = 24
	maxKeySize  = 64
	newKeySize  = 32
)

var (
	errEmptySecret = errors.New("secret is empty")
	errWhsecSecret = fmt.Errorf("secret must be %q followed by the base64 of %d to %d bytes",
		whsecPrefix, minKeySize, maxKeySize)
)

// strictBase64 decodes base64 of the standard alphabet with padding, and
// refuses set bits that no byte comes from. It skips CR and LF, which callers
// must exclude.
var strictBase64 = base64.StdEncoding.Strict()

// CheckSecret says what is wrong with a secret for this profile, if anything.
// "" never is a secret. The error does not repeat the secret.
func (p Profile) CheckSecret(secret string) error {
	_, err := p.key(secret)
	return err
}

// GenerateSecret returns a new random secret that every profile accepts:
// "whsec_" and the base64 of 32 bytes.
func GenerateSecret() string {
	var key [newKeySize]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	return whsecPrefix + base64.StdEncoding.EncodeToString(key[:])
}

// key returns the HMAC key that the secret stands for.
func (p Profile) key(secret string) ([]byte, error) {
	if secret == "" {
		return nil, errEmptySecret
	}
	if p.KeyForm != KeyWhsec {
		return []byte(secret), nil
	}
	text, ok := strings.CutPrefix(secret, whsecPrefix)
	if !ok || len(text) > base64.StdEncoding.EncodedLen(maxKeySize) || strings.ContainsAny(text, "\r\n") {
		return nil, errWhsecSecret
	}
	key, err := strictBase64.DecodeString(text)
	if err != nil || len(key) < minKeySize || len(key) > maxKeySize {
		return nil, errWhsecSecret
	}
	return key, nil
}

// macs returns one MAC for each secret, in their order.
func (p Profile) macs(secrets []string) ([]*mac, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	all := make([]*mac, len(secrets))
	for i, secret := range secrets {
		key, err := p.key(secret)
		if err != nil {
			if len(secrets) > 1 {
				err = fmt.Errorf("secret %d of %d: %w", i+1, len(secrets), err)
			}
			return nil, err
		}
		all[i] = newMAC(key)
	}
	return all, nil
}
