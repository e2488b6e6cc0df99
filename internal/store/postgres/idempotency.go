package postgres

import (
	"bytes"
	"context"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

var (
	guardRevisions = bulk("guard revisions", `SELECT 1 / CASE WHEN EXISTS (
			SELECT FROM unnest({array}$2::text[], $3::bigint[]) AS r ({column}account_id, revision)
			LEFT JOIN LATERAL (`+revisionOf+`) v ON TRUE
			WHERE coalesce(v.revision, 1) <> r.revision)
		THEN 0 ELSE 1 END`)
	lookAtRevisions = bulk("look at revisions", `SELECT r.account_id, coalesce(v.revision, 1)
		FROM unnest({array}$2::text[], $3::bigint[]) AS r ({column}account_id, revision)
		LEFT JOIN LATERAL (`+revisionOf+`) v ON TRUE`)
	lookAtKeys = bulk("look at keys", `SELECT r.n, k.ref, k.fingerprint
		FROM unnest({array}$2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[])
			AS r ({column}n, account_id, route, key, since)
		JOIN idempotency k ON {row k: account_id, route, key}
			AND k.created_at >= r.since`)
	// keepKeys is guarded: another node may have kept one since it was looked for.
	keepKeys = bulk("keep keys", `WITH kept AS (
			INSERT INTO idempotency (bucket, account_id, route, key, fingerprint, ref, created_at)
			SELECT {bucket}, account_id, route, key, fingerprint, ref, created_at
			FROM unnest({array}$2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::bigint[])
				AS r ({column}account_id, route, key, fingerprint, ref, created_at)
			ON CONFLICT (bucket, account_id, route, key) DO UPDATE
			SET fingerprint = excluded.fingerprint, ref = excluded.ref, created_at = excluded.created_at
			WHERE idempotency.created_at < excluded.created_at - `+keyTTL+`
			RETURNING 1)
		SELECT 1 / CASE WHEN count(*) = $8 THEN 1 ELSE 0 END FROM kept`)
)

const revisionOf = "SELECT revision FROM revisions v WHERE v.bucket = {bucket} AND v.account_id = r.account_id OFFSET 0"

const keyTTL = "86400000000" // store.KeyTTL

// submission is what an operation submits: what it was planned with, and its
// idempotency key.
type submission struct {
	accountID, ref string
	at             time.Time
	key            *store.IdempotencyKey // nil = none
	revision       int64                 // 0 = whichever

	replayed *string
	err      *error
}

// admit says which submissions are stale, known already or mistaken, in their
// results; the keys of the others are kept. Submissions come in order, so that a
// key may be that of an earlier one.
//
// Revisions are compared without a lock, which every commit of every node would
// have to take: what changes an account while a commit is under way may count
// as later.
func admit(ctx context.Context, t *tx, subs []submission) error {
	known, err := look(ctx, t, subs)
	if err != nil {
		return err
	}
	type name struct{ account, route, key string }
	earlier := map[name]*submission{}
	var fresh []*submission
	for i := range subs {
		sub := &subs[i]
		if *sub.err != nil || sub.key == nil {
			continue
		}
		n := name{sub.accountID, sub.key.Route, sub.key.Key}
		if e := earlier[n]; e != nil && !e.at.Before(sub.at.Add(-store.KeyTTL)) {
			sub.settle(e.ref, e.key.Fingerprint[:])
		} else if k, ok := known[i]; ok {
			sub.settle(k.ref, k.fingerprint)
		} else {
			earlier[n] = sub
			fresh = append(fresh, sub)
		}
	}
	queueBulk(t, keepKeys, sorted(fresh, (*submission).account, (*submission).name), keepArgs)
	return nil
}

func (sub *submission) account() string { return sub.accountID }
func (sub *submission) name() string    { return sub.key.Route + "\x00" + sub.key.Key }

// settle answers a submission with a known key.
func (sub *submission) settle(ref string, fingerprint []byte) {
	if !bytes.Equal(fingerprint, sub.key.Fingerprint[:]) {
		*sub.err = store.ErrIdempotencyMismatch
		return
	}
	*sub.replayed = ref
}

type knownKey struct {
	ref         string
	fingerprint []byte
}

// look compares revisions, or has that guarded, and finds the keys that are
// known, by the place of their submission.
func look(ctx context.Context, t *tx, subs []submission) (map[int]knownKey, error) {
	var planned []*submission
	var withKey []keyed[int]
	for i := range subs {
		if subs[i].revision != 0 {
			planned = append(planned, &subs[i])
		}
		if subs[i].key != nil {
			withKey = append(withKey, keyed[int]{key{bucketOf(subs[i].accountID), subs[i].accountID, subs[i].name()}, i})
		}
	}
	known, revisions := map[int]knownKey{}, map[string]int64{}
	t.compareRevisions(planned, revisions)
	if len(withKey) > 0 {
		sortKeyed(withKey)
		askBulk(t, func(row scanner) error {
			var n int
			var k knownKey
			err := row.Scan(&n, &k.ref, &k.fingerprint)
			known[n] = k
			return err
		}, lookAtKeys, withKey, func(bucket any, rows []keyed[int]) []any { return lookArgs(bucket, subs, rows) })
	}
	if len(withKey) == 0 && (t.pace == fast || len(planned) == 0) {
		return known, nil
	}
	if err := t.flush(ctx, false); err != nil {
		return nil, err
	}
	for _, sub := range planned {
		if now, ok := revisions[sub.accountID]; ok && now != sub.revision {
			*sub.err = store.ErrStale
		}
	}
	return known, nil
}

// compareRevisions guards the revisions, or asks for them.
func (t *tx) compareRevisions(planned []*submission, revisions map[string]int64) {
	type named struct {
		account  string
		revision int64
	}
	seen := map[named]bool{}
	var once []*submission
	for _, sub := range planned {
		if n := (named{sub.accountID, sub.revision}); !seen[n] {
			seen[n] = true
			once = append(once, sub)
		}
	}
	rows := sorted(once, (*submission).account, func(*submission) string { return "" })
	if t.pace == fast {
		queueBulk(t, guardRevisions, rows, revisionArgs)
		return
	}
	askBulk(t, func(row scanner) error {
		var account string
		var revision int64
		err := row.Scan(&account, &revision)
		revisions[account] = revision
		return err
	}, lookAtRevisions, rows, revisionArgs)
}

func revisionArgs(bucket any, rows []keyed[*submission]) []any {
	accounts, revisions := texts(len(rows)), bigints(len(rows))
	for i := range rows {
		accounts.text(rows[i].account)
		revisions.bigint(rows[i].row.revision)
	}
	return []any{bucket, accounts, revisions}
}

func lookArgs(bucket any, subs []submission, rows []keyed[int]) []any {
	n := len(rows)
	places, since := integers(n), bigints(n)
	accounts, routes, keys := texts(n), texts(n), texts(n)
	for i := range rows {
		sub := &subs[rows[i].row]
		places.integer(rows[i].row)
		accounts.text(sub.accountID)
		routes.text(sub.key.Route)
		keys.text(sub.key.Key)
		since.bigint(columns.Micros(sub.at.Add(-store.KeyTTL)))
	}
	return []any{bucket, places, accounts, routes, keys, since}
}

func keepArgs(bucket any, rows []keyed[*submission]) []any {
	n := len(rows)
	accounts, routes, keys, fingerprints := texts(n), texts(n), texts(n), bytesArray()
	refs, created := texts(n), bigints(n)
	for i := range rows {
		sub := rows[i].row
		accounts.text(sub.accountID)
		routes.text(sub.key.Route)
		keys.text(sub.key.Key)
		fingerprints.bytes(sub.key.Fingerprint[:])
		refs.text(sub.ref)
		created.bigint(columns.Micros(sub.at))
	}
	return []any{bucket, accounts, routes, keys, fingerprints, refs, created, n}
}
