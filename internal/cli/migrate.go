package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/store/postgres"
)

// migrateFlags are the flags of `migrate`.
type migrateFlags struct {
	store               string
	wait                time.Duration
	citus               bool
	logLevel, logFormat string
}

func newMigrate() *cobra.Command {
	var f migrateFlags
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the schema of a PostgreSQL store up to date",
		Long: "Bring the schema of a PostgreSQL store up to date and end. A server does the same\n" +
			"when it starts, so that this is needed only where servers may not change it.\n\n" +
			"With --citus the tables are spread over the machines of a Citus cluster, whose\n" +
			"extension must be in the database. It may be run again; what is spread stays as\n" +
			"it is. Stop the servers first: they find out when they start.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.store, "store", "", "`URL` of the PostgreSQL database, such as postgres://user:password@host/database")
	flags.DurationVar(&f.wait, "store-wait", 30*time.Second, "how long to wait for a database that does not answer")
	flags.BoolVar(&f.citus, "citus", false, "spread the tables over the machines of a Citus cluster")
	flags.StringVar(&f.logLevel, "log-level", "info", "least `LEVEL` that is logged: debug, info, warn, error")
	flags.StringVar(&f.logFormat, "log-format", "text", "`FORMAT` of the log on stderr: text, json")
	return cmd
}

func (f *migrateFlags) run(cmd *cobra.Command) error {
	if f.store == "" {
		return &usageError{errors.New("give the database as --store postgres://user:password@host/database or in RINGBACK_STORE")}
	}
	log, err := newLog(cmd.ErrOrStderr(), f.logLevel, f.logFormat)
	if err != nil {
		return err
	}
	if err := postgres.Migrate(cmd.Context(), postgres.Config{URL: f.store, Logger: log, Wait: f.wait}, f.citus); err != nil {
		return err
	}
	done := "The schema is up to date."
	if f.citus {
		done = "The schema is up to date, and its tables are spread."
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), done)
	return err
}
