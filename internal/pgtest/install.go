package pgtest

import (
	"errors"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
)

var errNotInstalled = errors.New("PostgreSQL is not installed: neither /usr/lib/postgresql/*/bin nor the PATH has initdb and postgres")

// installation is where the programs are.
type installation struct {
	initdb, postgres string
}

// find looks where Debian has its versions, for the newest one, and then on the
// PATH.
func find() (installation, error) {
	newest, version := "", 0.0
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	for _, dir := range dirs {
		v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64) // 9.6 was a version
		if err == nil && v > version {
			newest, version = dir, v
		}
	}
	for _, prefix := range []string{newest + "/", ""} {
		if prefix == "/" {
			continue
		}
		initdb, err := exec.LookPath(prefix + "initdb")
		if err != nil {
			continue
		}
		if postgres, err := exec.LookPath(prefix + "postgres"); err == nil {
			return installation{initdb, postgres}, nil
		}
	}
	return installation{}, errNotInstalled
}

// account is whom the server runs as.
type account struct{ uid, gid int }

// unprivileged gives the user postgres, or else nobody: PostgreSQL refuses to
// run as root.
func unprivileged() (account, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return account{}, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return account{}, err
	}
	gid, err := strconv.Atoi(u.Gid)
	return account{uid, gid}, err
}
