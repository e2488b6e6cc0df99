package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// How Citus keeps the tables. Those that are spread have the bucket in each key,
// and the rows of a bucket are on the same machine.
var (
	referenceTables = []string{"meta", "settings", "counters", "nodes", "accounts", "keys"}
	spreadTables    = []string{
		"deliveries_open", "revisions", "marks", "endpoints", "event_types", "profiles", "idempotency", "jobs",
		"events", "deliveries", "attempts",
	}
)

// shards is how many parts of the buckets there are: as many machines may share
// them. A part of history has as many tables.
const shards = 32

var (
	hasCitus = register("has Citus", scopeReference, "it reads the catalogue alone",
		"SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
	knowsTable = register("knows table", scopeReference, "it reads the catalogue alone",
		"SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = $1::text::regclass)")
	makeReference = register("make reference table", scopeControl, "", "SELECT create_reference_table($1::text::regclass)")
	// The first table to be spread says how; the others are kept as it is.
	spreadFirst = register("spread first table", scopeControl, "",
		"SELECT create_distributed_table($1::text::regclass, 'bucket', colocate_with => 'none', shard_count => $2)")
	spreadTable = register("spread table", scopeControl, "",
		"SELECT create_distributed_table($1::text::regclass, 'bucket', colocate_with => $2)")
)

// Migrate brings the schema of a database up to date, as Open does, and with
// spread has Citus spread the tables over its machines; a table that is spread
// already stays as it is. Nodes that run are started again after that, so that they know.
func Migrate(ctx context.Context, c Config, spread bool) error {
	s, err := prepare(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	s.tryDays(ctx)
	if !spread {
		return nil
	}
	return s.spreadTables(ctx)
}

// spreadTables has each table known to Citus.
func (s *Store) spreadTables(ctx context.Context) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return s.unreachable(err, 0)
	}
	defer hangUp(conn)
	if has, err := says(ctx, conn, hasCitus); err != nil || !has {
		if err == nil {
			err = fmt.Errorf("postgres: %s has not got the extension citus; install Citus, run CREATE EXTENSION citus there, "+
				"and then this again", s.where)
		}
		return err
	}
	for _, table := range referenceTables {
		if err := s.hand(ctx, conn, table, makeReference, table); err != nil {
			return err
		}
	}
	for i, table := range spreadTables {
		st, with := spreadTable, any(spreadTables[0])
		if i == 0 {
			st, with = spreadFirst, shards
		}
		if err := s.hand(ctx, conn, table, st, table, with); err != nil {
			return err
		}
	}
	return nil
}

// hand gives a table to Citus, unless it has it.
func (s *Store) hand(ctx context.Context, conn *pgx.Conn, table string, st *statement, args ...any) error {
	known, err := says(ctx, conn, knowsTable, table)
	if err == nil && !known {
		_, err = conn.Exec(ctx, st.sql, args...)
	}
	if err != nil {
		return s.failed("spreading the table "+table, err)
	}
	if !known {
		s.log.InfoContext(ctx, "table spread", "database", s.where, "table", table)
	}
	return nil
}

// says asks a question.
func says(ctx context.Context, conn *pgx.Conn, st *statement, args ...any) (yes bool, err error) {
	err = conn.QueryRow(ctx, st.sql, args...).Scan(&yes)
	return yes, err
}
