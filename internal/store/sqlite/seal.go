package sqlite

// What a sealed value is bound to: it opens for the same owner and purpose
// alone, wherever in the database it may have been moved.
func accountSecretAAD(id string) string   { return "account-secret:" + id }
func endpointSecretAAD(id string) string  { return "endpoint-secret:" + id }
func endpointHeadersAAD(id string) string { return "endpoint-headers:" + id }

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
