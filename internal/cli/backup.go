package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/store/sqlite"
)

// backupFlags are the flags of `backup`.
type backupFlags struct {
	data        string
	force, json bool
}

func newBackup() *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the embedded database to a file, while the server runs",
		Long: "Copy the embedded database to a file, as it is at one moment; a server may run on\n" +
			"it meanwhile. The file has its name only once it is whole, checked and on disk.\n\n" +
			"The master key is not in it: keep DIR/master.key (or RINGBACK_MASTER_KEY) in\n" +
			"another place. `ringback restore` puts the file into a new data folder.",
		Args: oneFile,
		RunE: f.run,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "ringback-data", "`DIR` of the embedded database")
	flags.BoolVar(&f.force, "force", false, "replace FILE if it is there")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON")
	return cmd
}

// oneFile refuses all but one argument.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] != "" {
		return nil
	}
	return &usageError{fmt.Errorf("`%s` takes one FILE, but got %q", cmd.CommandPath(), args)}
}

// copied is the line that scripts read.
type copied struct {
	File      string  `json:"file"`
	Data      string  `json:"data"`
	Bytes     int64   `json:"bytes"`
	Seconds   float64 `json:"seconds"`
	Schema    int64   `json:"schema_version"`
	MasterKey string  `json:"master_key"` // where it is; it is not in the file
}

func (f *backupFlags) run(cmd *cobra.Command, args []string) error {
	began := time.Now()
	progress := startProgress(cmd.ErrOrStderr(), args[0])
	got, err := sqlite.Backup(cmd.Context(), sqlite.BackupConfig{
		Dir: f.data, To: args[0], Overwrite: f.force,
		Progress: func(done, all int64) { progress.set(copying(done, all)) },
	})
	progress.stop()
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already; give another name, or --force to replace it", args[0])
	case err != nil && cmd.Context().Err() != nil:
		cmd.PrintErrln("ringback: interrupted; no backup was made")
		return exitError{statusInterrupted}
	case err != nil:
		return err
	}
	out := copied{
		File: args[0], Data: f.data, Bytes: got.Bytes, Schema: got.Schema,
		Seconds: time.Since(began).Seconds(), MasterKey: whereMasterKey(f.data),
	}
	if f.json {
		return printJSON(cmd.OutOrStdout(), out)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), `%s: %s in %.1f s, schema %d, checked.
The master key is not in it. Keep %s in another place: without it the secrets
in the backup cannot be read.
`, out.File, size(out.Bytes), out.Seconds, out.Schema, out.MasterKey)
	return err
}

const masterKeyVariable = "RINGBACK_MASTER_KEY"

// whereMasterKey says where a server on the folder takes its key from.
func whereMasterKey(dir string) string {
	if os.Getenv(masterKeyVariable) != "" {
		return masterKeyVariable
	}
	return filepath.Join(dir, "master.key")
}

// copying says how far a copy is.
func copying(done, all int64) string {
	if done >= all {
		return "checking"
	}
	return fmt.Sprintf("%d %% of %s", done*100/all, size(all))
}

func printJSON(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}

// size gives bytes in a unit that suits them.
func size(bytes int64) string {
	value, unit := float64(bytes), "B"
	for _, next := range []string{"kB", "MB", "GB", "TB"} {
		if value < 1000 {
			break
		}
		value, unit = value/1000, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}
