package postgres

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
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
	leasedEndpoints = operatorWide("endpoints of leased deliveries", "leases are of nodes, not of accounts",
		`SELECT DISTINCT account_id, endpoint_id FROM deliveries_open
		WHERE lease <> 0 AND lease BETWEEN 1 AND $1 AND endpoint_id <> ''`)
	notEnabled = bulk("endpoints that are not enabled", `SELECT r.account_id, r.id
		FROM unnest({array}$2::text[], $3::text[]) AS r ({column}account_id, id)
		WHERE NOT EXISTS (SELECT FROM endpoints e WHERE e.bucket = {bucket} AND e.account_id = r.account_id
			AND e.id = r.id AND e.enabled OFFSET 0)`)
)

// AbandonedEndpoints asks for each bucket, all at once, and then about those of
// leased deliveries, which are in no index by endpoint.
func (s *Store) AbandonedEndpoints(ctx context.Context, limit int) (refs []store.EndpointRef, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		refs = nil
		for bucket := range store.Buckets {
			t.ask(columns.Collect(&refs, scanEndpointRef), abandonedWaiting, int16(bucket), limit)
		}
		leased, err := list(ctx, t, scanEndpointRef, leasedEndpoints, int64(math.MaxInt64))
		if err != nil {
			return err
		}
		rows := sorted(leased, func(r store.EndpointRef) string { return r.AccountID }, func(r store.EndpointRef) string { return r.ID })
		askBulk(t, columns.Collect(&refs, scanEndpointRef), notEnabled, rows, func(bucket any, rows []keyed[store.EndpointRef]) []any {
			accounts, ids := texts(len(rows)), texts(len(rows))
			for i := range rows {
				accounts.text(rows[i].account)
				ids.text(rows[i].id)
			}
			return []any{bucket, accounts, ids}
		})
		return nil
	})
	slices.SortFunc(refs, func(a, b store.EndpointRef) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.ID, b.ID))
	})
	refs = slices.Compact(refs)
	return refs[:min(limit, len(refs))], err
}

func scanEndpointRef(row scanner) (ref store.EndpointRef, err error) {
	err = row.Scan(&ref.AccountID, &ref.ID)
	return ref, err
}
