// Package postgres keeps the store in PostgreSQL, which several nodes may share.
//
// A commit is one transaction of bulk statements, sent in one go wherever
// nothing has to be decided in between. Tables are keyed by the bucket of the
// account first, so that they may be spread over the machines of a Citus cluster;
// there a statement names one bucket (see statements.go).
package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

// Config says where the store is.
type Config struct {
	// URL is postgres://user:password@host:port/database with the options of
	// PostgreSQL's libpq, search_path, and pool_max_conns (default 12).
	URL    string
	Sealer columns.Sealer
	Logger *slog.Logger  // nil = slog.Default()
	Wait   time.Duration // how long Open waits for a database that does not answer; 0 = it does not

	tracer pgx.QueryTracer // of tests
}

// Store is the store in a PostgreSQL database.
type Store struct {
	pool   *pgxpool.Pool
	lists  *pgxpool.Pool // for lists of any length
	beats  *pgxpool.Pool // one connection, so that a node is not taken for dead because it is busy
	secret columns.Secrets
	log    *slog.Logger
	where  string // host and database, for messages
	spread bool   // tables are spread over machines by bucket

	calls   *calls
	working sync.WaitGroup // what goes on until the store is closed

	marks marks
	turns leaseTurns

	// self tells this node's notes from others', schema its locks and its channel
	// from those of other stores in the database.
	self, schema string
}

var (
	setUp = register("set up connection", scopeControl, "", `SET plan_cache_mode = force_generic_plan; SET enable_hashjoin = off;
		SET enable_mergejoin = off; SET enable_seqscan = off; SET jit = off;
		SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
	hasSpread    = register("has spread tables", scopeControl, "", "SELECT to_regclass('pg_dist_partition') IS NOT NULL")
	selectSchema = register("select schema", scopeControl, "", "SELECT current_schema()")
)

var _ store.Store = (*Store)(nil)

const (
	// defaultConns is how many connections a node has, with those for lists, beside
	// one each for beats, for signals, and for each lock.
	defaultConns = 12
	// connectTimeout is for one try to connect.
	connectTimeout = 5 * time.Second
	// listShare is which part of the connections lists have: one in three.
	listShare = 3
)

// Open connects to the database, brings its schema up to date and checks the
// master key. Errors: ErrNewer, ErrWrongMasterKey, and others that name the host
// and the database, but never the password.
func Open(ctx context.Context, c Config) (*Store, error) {
	s, err := prepare(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.checkKey(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.tryDays(ctx)
	s.working.Go(s.keepDays)
	return s, nil
}

// prepare connects and brings the schema up to date.
func prepare(ctx context.Context, c Config) (_ *Store, err error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, badURL(err)
	}
	s := &Store{
		secret: columns.Secrets{Sealer: c.Sealer}, log: cmp.Or(c.Logger, slog.Default()),
		where: place(config.ConnConfig), calls: newCalls(), self: rand.Text(),
	}
	defer func() {
		if err != nil {
			s.closePools()
		}
	}()
	config.ConnConfig.Tracer = c.tracer
	if err := s.connect(ctx, config); err != nil {
		return nil, err
	}
	if err := s.await(ctx, c.Wait); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, err
	}
	if s.spread, err = s.isSpread(ctx); err != nil {
		return nil, err
	}
	if err := s.pool.QueryRow(ctx, selectSchema.sql).Scan(&s.schema); err != nil {
		return nil, s.failed("reading the search path", err)
	}
	return s, nil
}

// connect makes the pools; they connect when they have to.
func (s *Store) connect(ctx context.Context, config *pgxpool.Config) (err error) {
	config.ConnConfig.ConnectTimeout = cmp.Or(config.ConnConfig.ConnectTimeout, connectTimeout)
	config.AfterConnect = prepareConn
	config.MaxConns = poolSize(config)
	lists := config.Copy()
	lists.MaxConns = max(config.MaxConns/listShare, 1)
	config.MaxConns = max(config.MaxConns-lists.MaxConns, 2)
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err == nil {
		s.lists, err = pgxpool.NewWithConfig(ctx, lists)
	}
	if err == nil {
		beats := lists.Copy()
		beats.MaxConns, beats.MinConns = 1, 0
		s.beats, err = pgxpool.NewWithConfig(ctx, beats)
	}
	if err != nil {
		return fmt.Errorf("postgres: %s: %w", s.where, err)
	}
	return nil
}

// poolSize is what the URL says, or else defaultConns: pgxpool's own default
// follows the number of processors, which is not what a database waits for.
func poolSize(config *pgxpool.Config) int32 {
	u := config.ConnString()
	if hasOption(u, "pool_max_conns") {
		return config.MaxConns
	}
	return defaultConns
}

// prepareConn makes plans independent of what the database knows about the
// tables: each statement is meant to run along its index, also when the table
// was empty a moment ago. And a commit is on stable storage, whatever the
// default of the role or the database is.
func prepareConn(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, setUp.sql)
	registerArrays(conn.TypeMap())
	return err
}

// await tries to reach the database for as long as it may.
func (s *Store) await(ctx context.Context, wait time.Duration) error {
	until := time.Now().Add(wait)
	for told := false; ; told = true {
		err := s.pool.Ping(ctx)
		if err == nil {
			return nil
		}
		pause := min(500*time.Millisecond, time.Until(until))
		if !worthWaiting(err) || pause <= 0 {
			return s.unreachable(err, wait)
		}
		if !told {
			s.log.WarnContext(ctx, "waiting for the database", "database", s.where, "error", s.unreachable(err, 0))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// isSpread asks whether the tables are distributed by Citus.
func (s *Store) isSpread(ctx context.Context) (spread bool, err error) {
	err = s.pool.QueryRow(ctx, hasSpread.sql).Scan(&spread)
	if err != nil || !spread {
		return false, s.failed("asking about Citus", err)
	}
	err = s.pool.QueryRow(ctx, knowsTable.sql, spreadTables[0]).Scan(&spread)
	return spread, s.failed("asking about Citus", err)
}

// Lanes is how many commits run at once: with one the commits of all buckets
// are as large as they can be; machines that have buckets of their own are kept
// busy by several.
func (s *Store) Lanes() int {
	if s.spread {
		return 8
	}
	return 1
}

// Close waits for running calls. What is called after it fails.
func (s *Store) Close() error {
	if s.calls.end() {
		s.working.Wait()
		s.closePools()
	}
	return nil
}

func (s *Store) closePools() {
	for _, p := range []*pgxpool.Pool{s.beats, s.lists, s.pool} {
		if p != nil {
			p.Close()
		}
	}
}

// calls counts those that run.
type calls struct {
	mu      sync.Mutex
	ended   bool
	running sync.WaitGroup
	closing chan struct{} // closed by end
}

func newCalls() *calls { return &calls{closing: make(chan struct{})} }

var errClosed = errors.New("postgres: the store is closed")

// begin says whether a call may run; done must then be called.
func (c *calls) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return errClosed
	}
	c.running.Add(1)
	return nil
}

func (c *calls) done() { c.running.Done() }

// end waits for running calls, and says whether it was the first to.
func (c *calls) end() bool {
	c.mu.Lock()
	first := !c.ended
	if first {
		c.ended = true
		close(c.closing)
	}
	c.mu.Unlock()
	c.running.Wait()
	return first
}

// registerArrays has arrays of our own encoded as they are.
func registerArrays(types *pgtype.Map) {
	for oid, name := range map[uint32]string{
		pgtype.TextArrayOID: "_text", pgtype.Int8ArrayOID: "_int8", pgtype.Int4ArrayOID: "_int4",
		pgtype.Int2ArrayOID: "_int2", pgtype.ByteaArrayOID: "_bytea",
	} {
		if t, ok := types.TypeForOID(oid); ok {
			types.RegisterType(&pgtype.Type{Name: name, OID: oid, Codec: arrayCodec{t.Codec}})
		}
	}
}
