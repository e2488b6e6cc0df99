package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/ringback/ringback/internal/store"
)

var (
	// abandonedWaiting looks into the index for each endpoint and each account of a
	// bucket, however many deliveries wait for them: from endpoint to endpoint of an
	// account, and then to the next account, before its first one. A callback has no
	// endpoint.
	abandonedWaiting = oneBucket("abandoned endpoints", `WITH RECURSIVE owed (account, endpoint) AS (
			(SELECT account_id, endpoint_id FROM deliveries_open WHERE bucket = $1 AND lease = 0
				ORDER BY account_id, endpoint_id LIMIT 1)
			UNION ALL
			SELECT next.account_id, next.endpoint_id FROM owed CROSS JOIN LATERAL (
				SELECT account_id, endpoint_id FROM deliveries_open WHERE bucket = $1 AND lease = 0
				AND (account_id, endpoint_id) > (owed.account, owed.endpoint)
				ORDER BY account_id, endpoint_id LIMIT 1) next)
		SELECT account, endpoint FROM owed WHERE endpoint <> '' AND NOT EXISTS (SELECT FROM endpoints
			WHERE bucket = $1 AND account_id = account AND id = endpoint AND enabled)
		ORDER BY account, endpoint LIMIT $2`)
	abandonedLeased = operatorWide("abandoned endpoints of leased deliveries", "leases are of nodes, not of accounts",
		`SELECT DISTINCT d.account_id, d.endpoint_id FROM deliveries_open d
		WHERE d.lease <> 0 AND d.endpoint_id <> '' AND NOT EXISTS (SELECT FROM endpoints e
			WHERE e.bucket = d.bucket AND e.account_id = d.account_id AND e.id = d.endpoint_id AND e.enabled)
		ORDER BY d.account_id, d.endpoint_id LIMIT $1`)
)

// AbandonedEndpoints asks for each bucket, all at once.
func (s *Store) AbandonedEndpoints(ctx context.Context, limit int) (refs []store.EndpointRef, err error) {
	scan := func(row scanner) (ref store.EndpointRef, err error) {
		err = row.Scan(&ref.AccountID, &ref.ID)
		return ref, err
	}
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		refs = nil
		for bucket := range store.Buckets {
			t.ask(collect(&refs, scan), abandonedWaiting, int16(bucket), limit)
		}
		t.ask(collect(&refs, scan), abandonedLeased, limit)
		return nil
	})
	slices.SortFunc(refs, func(a, b store.EndpointRef) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.ID, b.ID))
	})
	refs = slices.Compact(refs)
	return refs[:min(limit, len(refs))], err
}
