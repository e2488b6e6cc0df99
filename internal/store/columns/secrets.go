package columns

import (
	"encoding/json"

	"github.com/ringback/ringback/ringback"
)

// Sealer encrypts what is secret. Open fails for what was sealed with another
// key or another aad.
type Sealer interface {
	Seal(plaintext, aad string) []byte
	Open(sealed []byte, aad string) (string, error)
}

// A sealed value is bound to its owner and purpose by these: it opens for the same
// alone, wherever in the database it may have been moved.

// AccountSecretAAD is for an account's secret.
func AccountSecretAAD(id string) string { return "account-secret:" + id }

// AccountPreviousAAD is for its earlier ones.
func AccountPreviousAAD(id string) string { return "account-previous-secrets:" + id }

// AccountSigningKeyAAD is for an account's signing key.
func AccountSigningKeyAAD(id string) string { return "account-signing-key:" + id }

// AccountPreviousKeysAAD is for its earlier ones.
func AccountPreviousKeysAAD(id string) string { return "account-previous-signing-keys:" + id }

// EndpointSecretAAD is for an endpoint's secret.
func EndpointSecretAAD(id string) string { return "endpoint-secret:" + id }

// EndpointPreviousAAD is for its earlier ones.
func EndpointPreviousAAD(id string) string { return "endpoint-previous-secrets:" + id }

// EndpointHeadersAAD is for an endpoint's headers.
func EndpointHeadersAAD(id string) string { return "endpoint-headers:" + id }

// The canary is a known text, sealed with the master key that the store was
// made with.
const (
	canaryText = "ringback"
	canaryAAD  = "canary"
)

// Canary gives the canary of a new store.
func Canary(s Sealer) []byte { return s.Seal(canaryText, canaryAAD) }

// OpensCanary says whether the key is that of the store.
func OpensCanary(s Sealer, sealed []byte) bool {
	text, err := s.Open(sealed, canaryAAD)
	return err == nil && text == canaryText
}

// Secrets seals and opens columns.
type Secrets struct{ Sealer Sealer }

// Seal gives NULL for "".
func (s Secrets) Seal(plaintext, aad string) []byte {
	if plaintext == "" {
		return nil
	}
	return s.Sealer.Seal(plaintext, aad)
}

// Open is the inverse of Seal.
func (s Secrets) Open(sealed []byte, aad string) (string, error) {
	if sealed == nil {
		return "", nil
	}
	return s.Sealer.Open(sealed, aad)
}

// previousSecret is a ringback.PreviousSecret as it is kept.
type previousSecret struct {
	Secret string `json:"secret"`
	Until  int64  `json:"until"`
}

// SealPrevious gives NULL for none.
func (s Secrets) SealPrevious(secrets []ringback.PreviousSecret, aad string) ([]byte, error) {
	if len(secrets) == 0 {
		return nil, nil
	}
	kept := make([]previousSecret, len(secrets))
	for i, p := range secrets {
		kept[i] = previousSecret{p.Secret, Micros(p.Until)}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	return s.Seal(string(text), aad), nil
}

// OpenPrevious is the inverse of SealPrevious.
func (s Secrets) OpenPrevious(sealed []byte, aad string) ([]ringback.PreviousSecret, error) {
	if sealed == nil {
		return nil, nil
	}
	text, err := s.Open(sealed, aad)
	if err != nil {
		return nil, err
	}
	var kept []previousSecret
	if err := json.Unmarshal([]byte(text), &kept); err != nil {
		return nil, err
	}
	secrets := make([]ringback.PreviousSecret, len(kept))
	for i, p := range kept {
		secrets[i] = ringback.PreviousSecret{Secret: p.Secret, Until: FromMicros(p.Until)}
	}
	return secrets, nil
}

// SealHeaders gives NULL for none.
func (s Secrets) SealHeaders(headers map[string]string, endpointID string) ([]byte, error) {
	if len(headers) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(headers)
	if err != nil {
		return nil, err
	}
	return s.Seal(string(text), EndpointHeadersAAD(endpointID)), nil
}

// OpenHeaders is the inverse of SealHeaders.
func (s Secrets) OpenHeaders(sealed []byte, endpointID string) (map[string]string, error) {
	if sealed == nil {
		return nil, nil
	}
	text, err := s.Open(sealed, EndpointHeadersAAD(endpointID))
	if err != nil {
		return nil, err
	}
	var headers map[string]string
	err = json.Unmarshal([]byte(text), &headers)
	return headers, err
}
