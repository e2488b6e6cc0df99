package bench

import (
	"strings"
	"testing"
)

// What has no room is refused before it is begun, with what it needs.
func TestNeedRoom(t *testing.T) {
	b := &bench{Config: Config{Store: storeSQLite}, dir: t.TempDir()}
	if err := b.needRoom(1, depthBytes); err != nil {
		t.Error(err)
	}
	err := b.needRoom(1<<40, depthBytes)
	if err == nil || !strings.Contains(err.Error(), "it needs about 2097152.0 GiB in "+b.dir) || !strings.Contains(err.Error(), "set TMPDIR") {
		t.Errorf("%v", err)
	}
	b.Store = "postgres://db.example/x"
	if err := b.needRoom(1<<40, depthBytes); err != nil {
		t.Errorf("the disk of a database elsewhere is not looked at: %v", err)
	}
}
