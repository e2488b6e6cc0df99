package postgres

import (
	"context"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

var (
	insertCanary = reference("insert canary",
		"INSERT INTO meta (name, value) VALUES ('canary', $1) ON CONFLICT DO NOTHING")
	selectCanary = reference("select canary", "SELECT value FROM meta WHERE name = 'canary'")
)

// checkKey checks the master key, or keeps the canary of a new store: of several
// nodes that make it at once the first one's is kept, and checked by the others.
func (s *Store) checkKey(ctx context.Context) error {
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, insertCanary, columns.Canary(s.secret.Sealer)); err != nil {
			return err
		}
		var sealed []byte
		if err := one(ctx, t, func(row scanner) error { return row.Scan(&sealed) }, selectCanary); err != nil {
			return err
		}
		if !columns.OpensCanary(s.secret.Sealer, sealed) {
			return fmt.Errorf("give the key that it was made with in RINGBACK_MASTER_KEY: %w", store.ErrWrongMasterKey)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("postgres: opening %s: %w", s.where, err)
	}
	return nil
}
