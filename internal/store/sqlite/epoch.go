package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringback/ringback/internal/store"
)

// The canary is a known text, sealed with the master key that the store was
// made with.
const (
	canaryText = "ringback"
	canaryAAD  = "canary"
)

// begin checks the master key, begins a new epoch, and makes what earlier ones
// had leased scheduled again.
func (s *Store) begin(ctx context.Context, path string) error {
	var taken int64
	err := s.w.transact(ctx, func(ctx context.Context, t tx) error {
		if err := s.checkCanary(ctx, t); err != nil {
			return err
		}
		if err := t.each(ctx, func(row scanner) error { return row.Scan(&s.epoch) }, `
			INSERT INTO meta (name, value) VALUES ('epoch', 1)
			ON CONFLICT (name) DO UPDATE SET value = value + 1
			RETURNING value`); err != nil {
			return err
		}
		var err error
		taken, err = t.exec(ctx, `UPDATE deliveries_open INDEXED BY open_leased
			SET lease_epoch = 0, queue = '' WHERE lease_epoch <> 0`)
		return err
	})
	if err != nil {
		return fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	if taken > 0 {
		s.log.InfoContext(ctx, "took over deliveries that were on their way when the server ended", "count", taken)
	}
	return nil
}

func (s *Store) checkCanary(ctx context.Context, t tx) error {
	var sealed []byte
	err := one(ctx, t, func(row scanner) error { return row.Scan(&sealed) },
		"SELECT value FROM meta WHERE name = 'canary'")
	if errors.Is(err, store.ErrNotFound) {
		_, err := t.exec(ctx, "INSERT INTO meta (name, value) VALUES ('canary', ?)",
			s.sealer.Seal(canaryText, canaryAAD))
		return err
	}
	if err != nil {
		return err
	}
	return opensCanary(s.sealer, sealed)
}

func opensCanary(sealer Sealer, sealed []byte) error {
	if text, err := sealer.Open(sealed, canaryAAD); err != nil || text != canaryText {
		return fmt.Errorf("give the key that it was made with in RINGBACK_MASTER_KEY "+
			"(or put back the key file that was beside the database): %w", store.ErrWrongMasterKey)
	}
	return nil
}
