package demo

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed samples
var samples embed.FS

// The embedded samples, and the one among them that is cut off.
var sampleNames = []string{"sunrise.png", "harbour.jpg", "invoice.pdf", "order.json", "comet.gif"}

const brokenSample = "broken.png"

// InputError is about a file that cannot be inspected.
type InputError struct{ error }

// Unwrap gives the cause.
func (e *InputError) Unwrap() error { return e.error }

// input is one file to inspect: a sample in memory, or a file of the user's.
type input struct {
	name string // unique among the inputs
	path string // "" for a sample
	data []byte // of a sample
}

// load finds the files at the paths, or the embedded samples if there are none.
func load(paths []string) ([]*input, error) {
	if len(paths) == 0 {
		inputs := make([]*input, 0, len(sampleNames))
		for _, name := range sampleNames {
			in, err := sample(name)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, in)
		}
		return inputs, nil
	}
	inputs := make([]*input, 0, len(paths))
	taken := map[string]bool{brokenSample: true}
	for _, path := range paths {
		if err := checkFile(path); err != nil {
			return nil, &InputError{err}
		}
		name := filepath.Base(path)
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%d-%s", n, filepath.Base(path))
		}
		taken[name] = true
		inputs = append(inputs, &input{name: name, path: path})
	}
	return inputs, nil
}

func sample(name string) (*input, error) {
	data, err := samples.ReadFile("samples/" + name)
	return &input{name: name, data: data}, err
}

// checkFile says whether a path leads to a file that can be read.
func checkFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%q: there is no such file", path)
	}
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return fmt.Errorf("%q is a directory; name the files in it", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%q is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// fileServer serves the inputs, each under its name.
type fileServer map[string]*input

func newFileServer(inputs ...*input) fileServer {
	s := make(fileServer, len(inputs))
	for _, in := range inputs {
		s[in.name] = in
	}
	return s
}

// pathOf is where the file server has an input.
func pathOf(in *input) string { return "/" + url.PathEscape(in.name) }

func (s fileServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in := s[strings.TrimPrefix(r.URL.Path, "/")]
	switch {
	case in == nil:
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
	case in.path == "":
		http.ServeContent(w, r, in.name, time.Time{}, bytes.NewReader(in.data))
	default:
		f, err := os.Open(in.path)
		if err != nil {
			http.Error(w, "the file can no longer be read", http.StatusNotFound)
			return
		}
		defer func() { _ = f.Close() }() // read only
		http.ServeContent(w, r, in.name, time.Time{}, f)
	}
}
