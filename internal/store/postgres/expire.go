package postgres

import (
	"context"
	"time"

	"github.com/ringback/ringback/internal/store/columns"
)

var (
	findOldKeys = operatorWide("find old keys", "keys of all accounts expire", `SELECT bucket, account_id, route, key
		FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2`)
	deleteOldKeys = bulk("delete old keys", `DELETE FROM idempotency k
		USING unnest({array}$2::text[], $3::text[], $4::text[]) AS r ({column}account_id, route, key)
		WHERE {row k: account_id, route, key}
		AND k.created_at + 0 < $5`)
	findOldMarks = operatorWide("find old marks", "marks are of processes, not of accounts",
		"SELECT bucket, id FROM marks WHERE used_at < $1 LIMIT $2")
	deleteOldMark = oneBucket("delete old mark", "DELETE FROM marks WHERE bucket = $1 AND id = $2 AND used_at < $3")
)

// oldKey is a key that expired.
type oldKey struct {
	bucket              int16
	account, route, key string
}

// PurgeIdempotencyKeys deletes old keys; and old marks, of processes that are
// gone.
func (s *Store) PurgeIdempotencyKeys(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	old, err := list(ctx, s.l(), func(row scanner) (k oldKey, err error) {
		err = row.Scan(&k.bucket, &k.account, &k.route, &k.key)
		return k, err
	}, findOldKeys, columns.Micros(before), limit)
	if err != nil {
		return 0, err
	}
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		deleted = 0
		rows := sorted(old, func(k oldKey) string { return k.account }, func(k oldKey) string { return k.route + "\x00" + k.key })
		queueBulkTag(t, &deleted, deleteOldKeys, rows, func(bucket any, rows []keyed[oldKey]) []any {
			n := len(rows)
			accounts, routes, keys := texts(n), texts(n), texts(n)
			for i := range rows {
				accounts.text(rows[i].row.account)
				routes.text(rows[i].row.route)
				keys.text(rows[i].row.key)
			}
			return []any{bucket, accounts, routes, keys, columns.Micros(before)}
		})
		return nil
	})
	if err != nil {
		return 0, err
	}
	return deleted, s.purgeMarks(ctx, before)
}

// purgeMarks deletes the marks that no commit has used since.
func (s *Store) purgeMarks(ctx context.Context, before time.Time) error {
	const limit = 100
	type place struct {
		bucket int16
		id     string
	}
	old, err := list(ctx, s.l(), func(row scanner) (p place, err error) {
		err = row.Scan(&p.bucket, &p.id)
		return p, err
	}, findOldMarks, columns.Micros(before), limit)
	if err != nil || len(old) == 0 {
		return err
	}
	return s.transact(ctx, func(_ context.Context, t *tx) error {
		for _, p := range old {
			t.queue(deleteOldMark, p.bucket, p.id, columns.Micros(before))
		}
		return nil
	})
}
