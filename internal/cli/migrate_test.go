package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ringback/ringback/internal/pgtest"
)

// migrated runs the command.
func migrated(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = Main(append([]string{"migrate"}, args...), Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return status, stdout.String(), stderr.String()
}

func TestMigrate(t *testing.T) {
	url := pgtest.Start(t, pgtest.Options{NoSync: true}).URL("postgres")
	for range 2 { // the second time there is nothing to do
		if status, out, errs := migrated(t, "--store", url); status != 0 || out != "The schema is up to date.\n" {
			t.Fatalf("status %d, %q, %q", status, out, errs)
		}
	}
	// From the environment; this PostgreSQL has no Citus.
	t.Setenv("RINGBACK_STORE", url)
	status, out, errs := migrated(t, "--citus")
	if status != 1 || out != "" || !strings.Contains(errs, "has not got the extension citus; install Citus") {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
}

func TestMigrateNowhere(t *testing.T) {
	for want, args := range map[string][]string{
		"give the database as --store": nil,
		"cannot be used":               {"--store", "postgres://me:verysecret@localhost:notaport/db"},
		"127.0.0.1:1/db did not":       {"--store", "postgres://me:verysecret@127.0.0.1:1/db", "--store-wait", "0s"},
	} {
		status, out, errs := migrated(t, args...)
		if status == 0 || out != "" || !strings.Contains(errs, want) || strings.Contains(errs, "verysecret") {
			t.Errorf("%v: status %d, %q, %q; want %q", args, status, out, errs, want)
		}
	}
}
