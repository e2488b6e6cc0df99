package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// place names the host and the database.
func place(c *pgx.ConnConfig) string {
	if strings.HasPrefix(c.Host, "/") {
		return c.Host + "/" + c.Database
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) + "/" + c.Database
}

// badURL tells what is wrong with a URL without the URL, which has a password:
// of pgx's message only what does not come from it.
func badURL(err error) error {
	reason := "it is not a URL such as postgres://user:password@host:5432/database"
	if p, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		if cause := errors.Unwrap(p); cause != nil && !strings.Contains(cause.Error(), "://") {
			reason = cause.Error()
		}
	}
	return fmt.Errorf("postgres: the address of the store cannot be used: %s", reason)
}

// hasOption says whether a connection string sets an option.
func hasOption(connString, name string) bool {
	return strings.Contains(connString, name+"=")
}

// unreachable tells why the database could not be reached.
func (s *Store) unreachable(err error, waited time.Duration) error {
	during := ""
	if waited > 0 {
		during = " within " + waited.String()
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("postgres: %s refused%s: %s (SQLSTATE %s)", s.where, during, e.Message, e.Code)
	}
	return fmt.Errorf("postgres: %s did not answer%s: %w", s.where, during, cause(err))
}

// cause leaves out pgx's description of the connection, which has the user's
// name.
func cause(err error) error {
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		if inner := e.Unwrap(); inner != nil {
			return inner
		}
	}
	return err
}

// worthWaiting says whether a database that could not be reached may be reached
// later: not if it answered that it will not have us.
func worthWaiting(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return !errors.Is(err, context.Canceled)
	}
	switch e.Code[:2] {
	case "57", "53": // it starts, ends or has no connection left
		return true
	}
	return false
}

// failed says what was being done when a call failed; nil stays nil.
func (s *Store) failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("postgres: %s at %s: %w", doing, s.where, err)
}
