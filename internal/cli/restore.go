package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/seal"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
)

// restoreFlags are the flags of `restore`.
type restoreFlags struct {
	data, masterKey string
	json            bool
}

func newRestore() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into a data folder that has no database",
		Long: "Put a backup into a data folder that has no database. The backup is checked\n" +
			"first, and must open with the master key: RINGBACK_MASTER_KEY, the file of\n" +
			"--master-key-file (which is then copied to DIR/master.key), or DIR/master.key.\n\n" +
			"The server then sends what was pending when the backup was made. What was\n" +
			"delivered since is delivered again, with the same webhook-id.",
		Args: oneFile,
		RunE: f.run,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "ringback-data", "`DIR` to restore into; made if it is missing")
	flags.StringVar(&f.masterKey, "master-key-file", "", "`FILE` with the master key that the backup was made with")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON")
	return cmd
}

func (f *restoreFlags) run(cmd *cobra.Command, args []string) error {
	began := time.Now()
	key, err := f.key()
	if err != nil {
		return err
	}
	sealer, err := seal.New(key)
	if err != nil {
		return err
	}
	got, err := sqlite.Restore(cmd.Context(), sqlite.RestoreConfig{From: args[0], Dir: f.data, Sealer: sealer})
	switch {
	case errors.Is(err, store.ErrWrongMasterKey):
		return fmt.Errorf("%s was made with another master key than that in %s; nothing was restored", args[0], f.keySource())
	case err != nil && cmd.Context().Err() != nil:
		cmd.PrintErrln("ringback: interrupted; nothing was restored")
		return exitError{statusInterrupted}
	case err != nil:
		return err
	}
	if f.masterKey != "" {
		if err := seal.WriteKeyFile(filepath.Join(f.data, "master.key"), key); err != nil {
			return fmt.Errorf("the database was restored, but not the master key: %w", err)
		}
	}
	out := copied{
		File: args[0], Data: f.data, Bytes: got.Bytes, Schema: got.Schema,
		Seconds: time.Since(began).Seconds(), MasterKey: whereMasterKey(f.data),
	}
	if f.json {
		return printJSON(cmd.OutOrStdout(), out)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), `%s: restored from %s, %s, schema %d, checked; its master key is %s.
A server that starts on it sends what was pending when the backup was made.
`, filepath.Join(out.Data, "ringback.db"), out.File, size(out.Bytes), out.Schema, out.MasterKey)
	return err
}

// keySource is where the master key is taken from.
func (f *restoreFlags) keySource() string {
	if f.masterKey != "" {
		return f.masterKey
	}
	return whereMasterKey(f.data)
}

// key reads the master key. A folder's own is never replaced by another one.
func (f *restoreFlags) key() ([]byte, error) {
	inFolder := filepath.Join(f.data, "master.key")
	variable := os.Getenv(masterKeyVariable)
	switch {
	case f.masterKey != "" && variable != "":
		return nil, &usageError{fmt.Errorf("--master-key-file and %s are both given; give the one that the server is to use", masterKeyVariable)}
	case f.masterKey != "":
		if _, err := os.Stat(inFolder); err == nil && filepath.Clean(f.masterKey) != inFolder {
			return nil, fmt.Errorf("%s is there already; leave --master-key-file out to use it, or move it away", inFolder)
		}
		return seal.LoadKeyFile(f.masterKey)
	case variable != "":
		key, err := seal.ParseKey(variable)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", masterKeyVariable, err)
		}
		return key, nil
	}
	key, err := seal.LoadKeyFile(inFolder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the master key of the backup is needed to check it: give it in %s or --master-key-file, or put it into %s",
			masterKeyVariable, inFolder)
	}
	return key, err
}
