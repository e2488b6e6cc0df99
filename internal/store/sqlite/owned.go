package sqlite

import (
	"context"

	"github.com/ringback/ringback/internal/store"
)

// mayInsert says whether an owner may have one more of what it keeps by name in
// a table.
func mayInsert(ctx context.Context, t tx, table, owner, name string, limit int) error {
	var have, same int
	if err := one(ctx, t, func(row scanner) error { return row.Scan(&have, &same) },
		"SELECT count(*), count(CASE WHEN name = ? THEN 1 END) FROM "+table+" WHERE account_id = ?", name, owner); err != nil {
		return err
	}
	switch {
	case same > 0:
		return store.ErrExists
	case have >= limit:
		return store.ErrLimit
	}
	return nil
}
