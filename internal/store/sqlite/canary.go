package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

// checkKey checks the master key, or keeps the canary of a new store.
func (s *Store) checkKey(ctx context.Context, path string) error {
	err := s.w.transact(ctx, s.checkCanary)
	if err != nil {
		return fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	return nil
}

func (s *Store) checkCanary(ctx context.Context, t tx) error {
	var sealed []byte
	err := one(ctx, t, func(row scanner) error { return row.Scan(&sealed) },
		"SELECT value FROM meta WHERE name = 'canary'")
	if errors.Is(err, store.ErrNotFound) {
		_, err := t.exec(ctx, "INSERT INTO meta (name, value) VALUES ('canary', ?)",
			columns.Canary(s.sealer))
		return err
	}
	if err != nil {
		return err
	}
	return opensCanary(s.sealer, sealed)
}

func opensCanary(sealer Sealer, sealed []byte) error {
	if !columns.OpensCanary(sealer, sealed) {
		return fmt.Errorf("give the key that it was made with in RINGBACK_MASTER_KEY "+
			"(or put back the key file that was beside the database): %w", store.ErrWrongMasterKey)
	}
	return nil
}
