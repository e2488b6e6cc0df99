package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ringback/ringback/internal/store"
)

var (
	notify = register("notify", scopeControl, "", "SELECT pg_notify($1, $2)")
	listen = register("listen", scopeControl, "", "LISTEN %s")
)

const (
	// maxNote is how long a note may be: PostgreSQL takes less than 8000 bytes.
	maxNote = 7900
	// quiet is how long nothing is heard before the connection is tried, and
	// for how long then.
	quiet     = 15 * time.Second
	pingLimit = 5 * time.Second

	firstReconnect = 100 * time.Millisecond
	lastReconnect  = 5 * time.Second
)

// note is what one notification carries, in JSON.
type note struct {
	From    string      `json:"from"` // the sender's own are not for it
	Signals [][3]string `json:"signals"`
}

// channel is where the nodes of this store tell each other. A database has one set
// of channels for all its schemas.
func (s *Store) channel() string {
	sum := sha256.Sum256([]byte(s.schema))
	return "ringback_" + hex.EncodeToString(sum[:8])
}

// notes puts signals into as few notes as there have to be. One that does not fit
// into any stands for anything.
func (s *Store) notes(signals []store.Signal) ([]string, error) {
	var texts []string
	n, size := note{From: s.self}, 0
	flush := func() error {
		text, err := json.Marshal(n)
		texts = append(texts, string(text))
		n.Signals, size = nil, 0
		return err
	}
	for _, signal := range signals {
		entry := [3]string{string(signal.Kind), signal.AccountID, signal.Name}
		text, err := json.Marshal(entry)
		if err != nil {
			return nil, err
		}
		const around = 100 // what the note has beside its signals
		if len(text)+around > maxNote {
			entry, text = [3]string{string(store.SignalMissed)}, nil
		}
		if size+len(text)+around > maxNote {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		n.Signals = append(n.Signals, entry)
		size += len(text) + 1
	}
	if len(n.Signals) == 0 {
		return texts, nil
	}
	return texts, flush()
}

// tell tells the other nodes when the transaction is committed. Transactions that
// tell something are committed one after the other: not for what is done often.
func (s *Store) tell(t *tx, signals ...store.Signal) error {
	texts, err := s.notes(signals)
	for _, text := range texts {
		t.queue(notify, s.channel(), text)
	}
	return err
}

// changed counts a change of the account or of its endpoints, and tells the other
// nodes. Who changes the account next waits until this transaction has ended.
func (s *Store) changed(t *tx, accountID string) error {
	t.changed(accountID)
	return s.tell(t, store.Signal{Kind: store.SignalAccount, AccountID: accountID})
}

// Signal tells the other nodes at once.
func (s *Store) Signal(ctx context.Context, signals []store.Signal) error {
	if len(signals) == 0 {
		return nil
	}
	return s.transact(ctx, func(_ context.Context, t *tx) error { return s.tell(t, signals...) })
}

// Signals listens on a connection of its own, and connects again whenever that
// is lost, until ctx is done or the store is closed.
func (s *Store) Signals(ctx context.Context, fn func(store.Signal)) error {
	ctx, stop := s.untilClosed(ctx)
	defer stop()
	for wait := firstReconnect; ; wait = min(2*wait, lastReconnect) {
		heard, err := s.listen(ctx, fn)
		if ctx.Err() != nil {
			return nil // it ends as it was told to
		}
		if heard {
			wait = firstReconnect
		}
		s.log.WarnContext(ctx, "signals of other nodes are not heard; connecting again",
			"database", s.where, "error", cause(err), "in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// untilClosed ends a context when the store is closed.
func (s *Store) untilClosed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case <-s.calls.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		<-watching
	}
}

// listen calls fn with signals until the connection fails. heard says whether
// it had one.
func (s *Store) listen(ctx context.Context, fn func(store.Signal)) (heard bool, err error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return false, err
	}
	defer hangUp(conn)
	if _, err := conn.Exec(ctx, listen.with(s.channel()).sql); err != nil {
		return false, err
	}
	fn(store.Signal{Kind: store.SignalMissed})
	for {
		text, err := hear(ctx, conn)
		if err != nil {
			return true, err
		}
		s.pass(text, fn)
	}
}

// dial makes a connection that is not of the pools.
func (s *Store) dial(ctx context.Context) (*pgx.Conn, error) {
	return pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
}

// hangUp closes a connection, which may be broken.
func hangUp(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), pingLimit)
	defer cancel()
	_ = conn.Close(ctx)
}

// hear waits for a note. While there is none it makes sure that the other end is
// still there: a connection that was cut says nothing, either.
func hear(ctx context.Context, conn *pgx.Conn) (string, error) {
	for {
		waiting, cancel := context.WithTimeout(ctx, quiet)
		n, err := conn.WaitForNotification(waiting)
		silent := errors.Is(waiting.Err(), context.DeadlineExceeded)
		cancel()
		switch {
		case err == nil:
			return n.Payload, nil
		case ctx.Err() != nil || !silent:
			return "", err
		}
		trying, cancel := context.WithTimeout(ctx, pingLimit)
		err = conn.PgConn().Ping(trying)
		cancel()
		if err != nil {
			return "", err
		}
	}
}

// pass calls fn with the signals of a note, unless it is our own. What cannot be
// read, of another version perhaps, stands for anything.
func (s *Store) pass(text string, fn func(store.Signal)) {
	var n note
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		fn(store.Signal{Kind: store.SignalMissed})
		return
	}
	if n.From == s.self {
		return
	}
	for _, entry := range n.Signals {
		fn(store.Signal{Kind: store.SignalKind(entry[0]), AccountID: entry[1], Name: entry[2]})
	}
}
