package bench

import "fmt"

// What an event takes on disk with its delivery, and what an attempt adds; with
// the write-ahead log, and a margin.
const (
	depthBytes   = 2 << 10
	backlogBytes = 3 << 10
)

// needRoom fails if the disk has no room for so many events.
func (b *bench) needRoom(events int, each int64) error {
	if b.Store != storeSQLite {
		return nil // the disk is the database's
	}
	need := int64(events) * each
	free, known := freeBytes(b.dir)
	if known && free < need {
		return fmt.Errorf("it needs about %.1f GiB in %s, where %.1f GiB are free; set TMPDIR to a folder that has room", gibibytes(need), b.dir, gibibytes(free))
	}
	return nil
}

// warnAboutDisk warns of a temporary folder that is not on a disk: writing to
// stable storage costs nothing there.
func (b *bench) warnAboutDisk() {
	if b.Store == storeSQLite && inMemory(b.dir) {
		b.warnf("the temporary folder is in memory, where durability costs nothing; set TMPDIR to a folder on a disk")
	}
}

func gibibytes(bytes int64) float64 { return float64(bytes) / (1 << 30) }
