package sqlite

import (
	"context"
	"sync"
)

// revisions counts the changes of accounts since the store was opened: whoever
// planned with what was so before is gone.
type revisions struct {
	mu      sync.Mutex
	changes map[string]int64
}

func (r *revisions) of(accountID string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return 1 + r.changes[accountID]
}

func (r *revisions) changed(accountID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changes == nil {
		r.changes = make(map[string]int64)
	}
	r.changes[accountID]++
}

// stale says whether the account was changed since the revision.
func (r *revisions) stale(accountID string, revision int64) bool {
	return revision != 0 && revision != r.of(accountID)
}

// Revision counts the changes of the account and of its endpoints.
func (s *Store) Revision(_ context.Context, accountID string) (int64, error) {
	return s.revisions.of(accountID), nil
}
