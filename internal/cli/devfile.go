package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// devKeysPath is where `ringback dev` keeps its keys, started in this folder.
var devKeysPath = filepath.Join("ringback-data", "dev.json")

// devFile is what commands use of dev.json.
type devFile struct {
	URL         string `json:"url"` // "" = not known
	APIKey      string `json:"api_key"`
	OperatorKey string `json:"operator_key"`
}

// readDev reads the file. One that is not there, or is somebody else's, is
// empty; one that others may read is refused.
func readDev(path string) (kept devFile, err error) {
	raw, err := readSmallFile(path, maxConfigFile)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return kept, err
	}
	if err := json.Unmarshal(raw, &kept); err != nil {
		return devFile{}, nil //nolint:nilerr // it is somebody else's file
	}
	if kept.APIKey == "" && kept.OperatorKey == "" {
		return kept, nil
	}
	return kept, privateFile(path, "keys")
}

// privateFile refuses a file that others may read. what is what it holds.
func privateFile(path, what string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%s holds %s, and others may read it (mode %04o); run: chmod 600 %[1]s", path, what, mode)
	}
	return nil
}
