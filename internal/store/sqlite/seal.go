package sqlite

import (
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

func (s *Store) secrets() columns.Secrets { return columns.Secrets{Sealer: s.sealer} }

// seal gives NULL for "".
func (s *Store) seal(plaintext, aad string) any { return blob(s.secrets().Seal(plaintext, aad)) }

func (s *Store) unseal(sealed []byte, aad string) (string, error) {
	return s.secrets().Open(sealed, aad)
}

// sealPrevious gives NULL for none.
func (s *Store) sealPrevious(secrets []ringback.PreviousSecret, aad string) (any, error) {
	sealed, err := s.secrets().SealPrevious(secrets, aad)
	return blob(sealed), err
}

func (s *Store) unsealPrevious(sealed []byte, aad string) ([]ringback.PreviousSecret, error) {
	return s.secrets().OpenPrevious(sealed, aad)
}
