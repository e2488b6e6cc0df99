package seal

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// ParseKey reads a master key as RINGBACK_MASTER_KEY gives it: base64 of
// KeySize bytes in the standard or the URL alphabet, with padding or without;
// space around it is ignored. Errors tell the length found, never the value.
func ParseKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, fmt.Errorf("the master key is empty: give base64 of %d random bytes, as `openssl rand -base64 %d` prints it", KeySize, KeySize)
	}
	digits := strings.TrimRight(text, "=")
	padded := len(digits) != len(text)
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(digits)
	key, err := base64.RawStdEncoding.Strict().DecodeString(standard)
	if err != nil || strings.ContainsAny(text, "\r\n") || (padded && len(text) != base64.StdEncoding.EncodedLen(len(key))) {
		return nil, fmt.Errorf("the master key is not base64 (it has %d characters; base64 of %d bytes has %d)",
			len(text), KeySize, base64.StdEncoding.EncodedLen(KeySize))
	}
	if len(key) != KeySize {
		return nil, fmt.Errorf("the master key has %d bytes, but %d are needed, as `openssl rand -base64 %d` prints them", len(key), KeySize, KeySize)
	}
	return key, nil
}
