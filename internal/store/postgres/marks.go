package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"
)

// A mark tells what became of a commit whose answer was lost. Every commit
// writes the number that its mark has by then into the mark's row, first of all.
// Whoever does not know its fate looks there, after the row's lock: that number
// says committed, any other says not; and then it fences the mark, so that
// whatever the database may still have to read of that commit fails.
var (
	useMark = oneBucket("use mark", `INSERT INTO marks (bucket, id, count, used_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (bucket, id) DO UPDATE SET used_at = excluded.used_at,
		count = excluded.count / CASE WHEN marks.count >= 0 THEN 1 ELSE 0 END`)
	makeMark = oneBucket("make mark", `INSERT INTO marks (bucket, id, count, used_at) VALUES ($1, $2, 0, $3)
		ON CONFLICT DO NOTHING`)
	lookAtMark = oneBucket("look at mark", "SELECT count FROM marks WHERE bucket = $1 AND id = $2 FOR UPDATE")
	fenceMark  = oneBucket("fence mark", "UPDATE marks SET count = -1 WHERE bucket = $1 AND id = $2")
)

// mark is used by one commit at a time.
type mark struct {
	id    string
	count int64
}

// marked is a commit under a mark.
type marked struct {
	*mark
	bucket int16 // where the mark is for this commit: one that it writes to in any case
}

// marks are those that no commit uses.
type marks struct {
	mu   sync.Mutex
	free []*mark
}

func (ms *marks) take() *mark {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if n := len(ms.free); n > 0 {
		m := ms.free[n-1]
		ms.free = ms.free[:n-1]
		return m
	}
	return &mark{id: rand.Text()}
}

func (ms *marks) put(m *mark) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.free = append(ms.free, m)
}

// settle finds out what became of a commit that gave err instead of an answer:
// nil = it was committed. It asks until the database answers or the store closes.
func (s *Store) settle(m *marked, err error) error {
	s.log.Warn("looking for the fate of a commit", "database", s.where, "error", err)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		committed, unknown := s.fate(m)
		switch {
		case unknown == nil && committed:
			return nil
		case unknown == nil:
			m.id = rand.Text() // the other one is fenced
			return err
		}
		select {
		case <-time.After(pause):
		case <-s.calls.closing:
			return errors.Join(err, unknown)
		}
	}
}

// fate says whether a commit was made, and sees to it that it never is if not.
func (s *Store) fate(m *marked) (committed bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), txTimeout)
	defer cancel()
	err = s.try(ctx, s.pool, nil, func(ctx context.Context, t *tx) error {
		t.queue(makeMark, m.bucket, m.id, time.Now().UnixMicro())
		var count int64
		if err := one(ctx, t, func(row scanner) error { return row.Scan(&count) }, lookAtMark, m.bucket, m.id); err != nil {
			return err
		}
		if committed = count == m.count; !committed {
			t.queue(fenceMark, m.bucket, m.id)
		}
		return nil
	})
	return committed, err
}
