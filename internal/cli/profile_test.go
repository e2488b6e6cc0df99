package cli

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProfileCPU: what is written can be read by go tool pprof, which knows
// gzipped protocol buffers by this, and a file that cannot be made is an error.
func TestProfileCPU(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cpu.pprof")
	stop, err := profileCPU(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || !bytes.Contains(text, []byte("nanoseconds")) {
		t.Errorf("%d bytes (%v)", len(text), err)
	}
	if _, err := profileCPU(filepath.Join(path, "below")); err == nil || !strings.Contains(err.Error(), "--cpu-profile") {
		t.Errorf("got %v", err)
	}
}
