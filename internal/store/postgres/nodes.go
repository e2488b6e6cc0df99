package postgres

import (
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

// clock is the database's time in microseconds since 1970. Statements ask for it
// here alone: a node measures its own clock's offset by it.
const clock = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

var (
	nextEpoch = reference("next epoch", `INSERT INTO counters AS c (name, value) VALUES ('epoch', 1)
		ON CONFLICT (name) DO UPDATE SET value = c.value + 1 RETURNING value`)
	selectClock = register("select clock", scopeControl, "", "SELECT "+clock)
	insertNode  = reference("insert node",
		"INSERT INTO nodes (epoch, name, count, joined_at) VALUES ($1, $2, 0, $3)")
	countNode   = reference("count node", "UPDATE nodes SET count = count + 1 WHERE epoch = $1")
	selectNodes = reference("list nodes", "SELECT epoch, name, count, joined_at FROM nodes ORDER BY epoch")
	deleteNode  = reference("delete node", "DELETE FROM nodes WHERE epoch = $1")
	// The last epoch is read with the living in one statement: no epoch up to it
	// that is not among them is one that has still to begin.
	selectLiving = reference("list living epochs", `SELECT false, value FROM counters WHERE name = 'epoch'
		UNION ALL SELECT true, epoch FROM nodes ORDER BY 1, 2`)
	selectVoid = operatorWide("list deliveries under leases of a span", "the leases of a node are in all buckets",
		`SELECT account_id, id, lease FROM deliveries_open
		WHERE lease <> 0 AND lease BETWEEN $1 AND $2 ORDER BY lease LIMIT $3`)
	freeVoid = oneBucket("free void leases", `UPDATE deliveries_open d SET lease = 0, queue = ''
		FROM (SELECT o.account_id, o.id FROM unnest($2::text[], $3::text[], $4::bigint[]) AS u (account_id, id, lease)
			JOIN deliveries_open o ON o.bucket = $1 AND o.account_id = u.account_id AND o.id = u.id AND o.lease = u.lease
			ORDER BY o.account_id, o.id FOR UPDATE OF o) f
		WHERE d.bucket = $1 AND d.account_id = f.account_id AND d.id = f.id`)
)

// Join begins an epoch. Those who join at once wait for each other at the counter.
func (s *Store) Join(ctx context.Context, name string) (epoch int64, err error) {
	err = s.transact(ctx, func(ctx context.Context, t *tx) error {
		var now int64
		t.ask(func(row scanner) error { return row.Scan(&epoch) }, nextEpoch)
		t.ask(func(row scanner) error { return row.Scan(&now) }, selectClock)
		if err := t.flush(ctx, false); err != nil {
			return err
		}
		t.queue(insertNode, epoch, printable(name), now)
		return nil
	})
	if err != nil {
		return 0, s.failed("joining the nodes", err)
	}
	return epoch, nil
}

// Beat counts the epoch up.
func (s *Store) Beat(ctx context.Context, epoch int64) (store.Beat, error) {
	var b store.Beat
	lives := false
	err := s.transactOn(ctx, s.beats, func(ctx context.Context, t *tx) error {
		b, lives = store.Beat{}, false
		scan := func(row scanner) (n store.Node, err error) {
			var joined int64
			err = row.Scan(&n.Epoch, &n.Name, &n.Count, &joined)
			n.JoinedAt = columns.FromMicros(joined)
			lives = lives || n.Epoch == epoch
			return n, err
		}
		t.queue(countNode, epoch)
		t.ask(columns.Collect(&b.Nodes, scan), selectNodes)
		t.ask(func(row scanner) error {
			var now int64
			err := row.Scan(&now)
			b.Now = columns.FromMicros(now)
			return err
		}, selectClock)
		return nil
	})
	if err != nil {
		return store.Beat{}, s.failed("counting a node up", err)
	}
	if !lives {
		return store.Beat{}, store.ErrFenced
	}
	return b, nil
}

// EndEpoch ends an epoch.
func (s *Store) EndEpoch(ctx context.Context, epoch int64) error {
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		t.queue(deleteNode, epoch)
		return nil
	})
}

// void is a lease of an epoch that has ended.
type void struct {
	store.DeliveryRef
	lease int64
}

// TakeOver looks for leases between those of living nodes, and then frees them
// bucket by bucket, where they are still the same.
func (s *Store) TakeOver(ctx context.Context, limit int) (int, error) {
	spans, err := s.voidSpans(ctx)
	if err != nil {
		return 0, err
	}
	var found []void
	for _, span := range spans {
		more, err := list(ctx, s.r(), func(row scanner) (v void, err error) {
			err = row.Scan(&v.AccountID, &v.ID, &v.lease)
			return v, err
		}, selectVoid, span[0], span[1], limit-len(found))
		if err != nil {
			return 0, err
		}
		if found = append(found, more...); len(found) >= limit {
			break
		}
	}
	for bucket, some := range byBucket(found, func(v void) string { return v.AccountID }) {
		if err := s.free(ctx, bucket, some); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}

// voidSpans gives the spans of leases, first and last, of epochs that ended.
func (s *Store) voidSpans(ctx context.Context) (spans [][2]int64, err error) {
	var newest int64
	var living []int64
	if err := s.r().each(ctx, func(row scanner) error {
		var lives bool
		var epoch int64
		err := row.Scan(&lives, &epoch)
		if lives {
			living = append(living, epoch)
		} else {
			newest = epoch
		}
		return err
	}, selectLiving); err != nil {
		return nil, err
	}
	next := int64(0) // what an earlier version had leased
	for _, epoch := range append(living, newest+1) {
		if next < epoch {
			first, _ := store.LeasesOf(next)
			_, last := store.LeasesOf(epoch - 1)
			spans = append(spans, [2]int64{int64(first), int64(last)})
		}
		next = epoch + 1
	}
	return spans, nil
}

// free makes the deliveries of a bucket scheduled that are still under the leases.
func (s *Store) free(ctx context.Context, bucket int16, some []void) error {
	accounts, ids, leases := texts(len(some)), texts(len(some)), bigints(len(some))
	for _, v := range some {
		accounts.text(v.AccountID)
		ids.text(v.ID)
		leases.bigint(v.lease)
	}
	return s.transact(ctx, func(_ context.Context, t *tx) error {
		t.queue(freeVoid, bucket, accounts, ids, leases)
		return nil
	})
}

// byBucket groups what belongs to accounts.
func byBucket[T any](all []T, account func(T) string) map[int16][]T {
	groups := make(map[int16][]T)
	for _, v := range all {
		b := bucketOf(account(v))
		groups[b] = append(groups[b], v)
	}
	return groups
}
