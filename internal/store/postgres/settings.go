package postgres

import (
	"context"
	"errors"

	"github.com/ringback/ringback/internal/store"
)

var (
	selectSetting = reference("select setting", "SELECT value FROM settings WHERE name = $1")
	putSetting    = reference("put setting", `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
)

// Setting reads a setting, "" if there is none.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := one(ctx, s.r(), func(row scanner) error { return row.Scan(&value) }, selectSetting, name)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return value, err
}

// PutSetting writes a setting.
func (s *Store) PutSetting(ctx context.Context, name, value string) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, putSetting, name, value)
		return err
	})
}
