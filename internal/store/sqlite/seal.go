package sqlite

import (
	"encoding/json"

	"github.com/ringback/ringback/ringback"
)

// What a sealed value is bound to: it opens for the same owner and purpose
// alone, wherever in the database it may have been moved.
func accountSecretAAD(id string) string   { return "account-secret:" + id }
func endpointSecretAAD(id string) string  { return "endpoint-secret:" + id }
func endpointHeadersAAD(id string) string { return "endpoint-headers:" + id }

func accountPreviousAAD(id string) string     { return "account-previous-secrets:" + id }
func accountSigningKeyAAD(id string) string   { return "account-signing-key:" + id }
func accountPreviousKeysAAD(id string) string { return "account-previous-signing-keys:" + id }
func endpointPreviousAAD(id string) string    { return "endpoint-previous-secrets:" + id }

// seal gives NULL for "".
func (s *Store) seal(plaintext, aad string) any {
	if plaintext == "" {
		return nil
	}
	return s.sealer.Seal(plaintext, aad)
}

func (s *Store) unseal(sealed []byte, aad string) (string, error) {
	if sealed == nil {
		return "", nil
	}
	return s.sealer.Open(sealed, aad)
}

// previousSecret is a ringback.PreviousSecret as it is kept.
type previousSecret struct {
	Secret string `json:"secret"`
	Until  int64  `json:"until"`
}

// sealPrevious gives NULL for none.
func (s *Store) sealPrevious(secrets []ringback.PreviousSecret, aad string) (any, error) {
	if len(secrets) == 0 {
		return nil, nil
	}
	kept := make([]previousSecret, len(secrets))
	for i, p := range secrets {
		kept[i] = previousSecret{p.Secret, micros(p.Until)}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	return s.seal(string(text), aad), nil
}

func (s *Store) unsealPrevious(sealed []byte, aad string) ([]ringback.PreviousSecret, error) {
	if sealed == nil {
		return nil, nil
	}
	text, err := s.unseal(sealed, aad)
	if err != nil {
		return nil, err
	}
	var kept []previousSecret
	if err := json.Unmarshal([]byte(text), &kept); err != nil {
		return nil, err
	}
	secrets := make([]ringback.PreviousSecret, len(kept))
	for i, p := range kept {
		secrets[i] = ringback.PreviousSecret{Secret: p.Secret, Until: fromMicros(p.Until)}
	}
	return secrets, nil
}
