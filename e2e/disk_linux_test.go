package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/skip"
)

// A full disk: publishers get 503 with Retry-After, the server is not ready,
// nothing that was accepted is lost, and when there is room again it goes on by
// itself.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		skip.Test(t, "a small file system cannot be mounted: "+err.Error())
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "dev", filepath.Join(dir, "data"))
	var accepted []string
	event := map[string]any{"type": "a", "data": map[string]any{"text": strings.Repeat("x", 100<<10)}}
	publish := func() int {
		var ev struct {
			ID string `json:"id"`
		}
		status := p.call(http.MethodPost, "/v1/events", p.Key, event, &ev)
		if status == http.StatusAccepted {
			accepted = append(accepted, ev.ID)
		}
		return status
	}
	status := 0
	for range 200 {
		if status = publish(); status != http.StatusAccepted {
			break
		}
	}
	if status != http.StatusServiceUnavailable {
		t.Fatalf("with a full disk: status %d after %d events", status, len(accepted))
	}
	if status := p.call(http.MethodGet, "/readyz", "", nil, nil); status != http.StatusServiceUnavailable {
		t.Errorf("readyz with a full disk: %d", status)
	}
	if status := p.call(http.MethodGet, "/healthz", "", nil, nil); status != http.StatusOK {
		t.Errorf("healthz with a full disk: %d", status)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "ready again", func() bool {
		return p.call(http.MethodGet, "/readyz", "", nil, nil) == http.StatusOK
	})
	if status := publish(); status != http.StatusAccepted {
		t.Errorf("with room again: status %d", status)
	}
	for _, id := range accepted {
		if status := p.call(http.MethodGet, "/v1/events/"+id, p.Key, nil, nil); status != http.StatusOK {
			t.Errorf("accepted event %s: status %d", id, status)
		}
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("ended with %v", err)
	}
}
