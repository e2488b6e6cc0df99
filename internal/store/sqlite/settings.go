package sqlite

import (
	"context"
	"errors"

	"github.com/ringback/ringback/internal/store"
)

// Setting reads a setting, "" if there is none.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := one(ctx, s.r, func(row scanner) error { return row.Scan(&value) },
		"SELECT value FROM settings WHERE name = ?", name)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return value, err
}

// PutSetting writes a setting.
func (s *Store) PutSetting(ctx context.Context, name, value string) error {
	return s.w.transact(ctx, func(ctx context.Context, t tx) error {
		_, err := t.exec(ctx, "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", name, value)
		return err
	})
}
