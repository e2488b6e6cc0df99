package postgres

import (
	"context"
	"errors"

	"github.com/ringback/ringback/internal/store"
)

var (
	selectRevision = oneBucket("select revision", "SELECT revision FROM revisions WHERE bucket = $1 AND account_id = $2")
	bumpRevision   = oneBucket("bump revision", `INSERT INTO revisions (bucket, account_id, revision) VALUES ($1, $2, 2)
		ON CONFLICT (bucket, account_id) DO UPDATE SET revision = revisions.revision + 1`)
)

// changed counts a change of an account or of one of its endpoints, whose row
// stays locked: so the account's changes happen one after the other.
func (t *tx) changed(accountID string) {
	t.queue(bumpRevision, bucketOf(accountID), accountID)
}

// Revision counts the changes of the account and of its endpoints.
func (s *Store) Revision(ctx context.Context, accountID string) (int64, error) {
	revision := int64(1)
	err := one(ctx, s.r(), func(row scanner) error { return row.Scan(&revision) },
		selectRevision, bucketOf(accountID), accountID)
	if errors.Is(err, store.ErrNotFound) {
		return 1, nil
	}
	return revision, err
}
