package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// maxKeyFile bounds what is read of a key file, in bytes.
const maxKeyFile = 4 << 10

// LoadOrCreateKeyFile returns the master key kept in a file: base64 and a
// newline, mode 0600. A file that is missing is made with a new random key and
// is on disk when the call returns; of several processes that do so at once,
// all get the same key. The directory must exist.
//
// A file that others may read, and one that holds anything but a key, are
// errors: it is never overwritten, because what it sealed would be lost.
func LoadOrCreateKeyFile(path string) ([]byte, error) {
	key, err := LoadKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	fresh := make([]byte, KeySize)
	rand.Read(fresh) // never fails
	if err := WriteKeyFile(path, fresh); err != nil {
		return nil, err
	}
	return LoadKeyFile(path)
}

// LoadKeyFile returns the master key kept in a file. A file that is missing is
// fs.ErrNotExist; other errors are those of LoadOrCreateKeyFile.
func LoadKeyFile(path string) (key []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the master key file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := checkKeyFile(f); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("read the master key file: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("the master key file %s is empty: restore it from a backup; delete it only if nothing was stored with it yet", path)
	}
	key, err = ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("the master key file %s is damaged: %w: restore it from a backup; delete it only if nothing was stored with it yet", path, err)
	}
	return key, nil
}

// checkKeyFile refuses what only its owner should be able to read, and is not.
// Windows has no such mode bits.
func checkKeyFile(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read the master key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("the master key file %s is not a regular file", f.Name())
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("the master key file %s may be read by others (mode %04o): run `chmod 600 %s`", f.Name(), mode, f.Name())
	}
	return nil
}

// WriteKeyFile keeps a master key in a file, as LoadOrCreateKeyFile does, in one
// step: whoever sees the file sees all of it. One that exists is left as it is.
func WriteKeyFile(path string, key []byte) error {
	if err := createKeyFile(path, key); err != nil {
		return fmt.Errorf("create the master key file: %w", err)
	}
	return nil
}

func createKeyFile(path string, key []byte) (err error) {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(tmp.Name())) }()
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir) // the winner of a race may not have come to it yet
}

// syncDir makes a new name in a directory durable. Windows cannot and need not.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
