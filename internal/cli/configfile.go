package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// configFile is what `ringback config` keeps: how servers are reached.
type configFile struct {
	Server  string `json:"server,omitempty"`
	Key     string `json:"key,omitempty"`
	Account string `json:"account,omitempty"`
}

// maxConfigFile bounds what is read, in bytes.
const maxConfigFile = 64 << 10

// configPath is where the file is: ~/.config/ringback/config.json, or under
// XDG_CONFIG_HOME, or on Windows under %AppData%.
func configPath() (string, error) {
	dir := os.Getenv("XDG_CONFIG_HOME")
	switch {
	case runtime.GOOS == "windows":
		var err error
		if dir, err = os.UserConfigDir(); err != nil {
			return "", err
		}
	case !filepath.IsAbs(dir): // the XDG specification has relative ones ignored
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "ringback", "config.json"), nil
}

// readConfig reads the file. One that is not there is empty; one with a key
// that others may read is refused.
func readConfig(path string) (*configFile, error) {
	raw, err := readSmallFile(path, maxConfigFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &configFile{}, nil
	}
	if err != nil {
		return nil, err
	}
	c := &configFile{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		return nil, fmt.Errorf(`%s cannot be read: %w; it holds {"server": "…", "key": "…", "account": "…"}, and `+"`ringback config set`"+` writes it; delete it to begin anew`, path, err)
	}
	if c.Key == "" {
		return c, nil
	}
	return c, privateFile(path, "a key")
}

// readSmallFile reads a file of at most that many bytes.
func readSmallFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // whoever runs the program chooses its files
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	return readAtMost(f, path, limit)
}

// write writes the file, whole or not at all, for its owner alone.
func (c *configFile) write(path string) error {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "config.json.*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone after the rename
	_, err = f.Write(append(raw, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
