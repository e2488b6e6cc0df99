package bench

import "golang.org/x/sys/unix"

// freeBytes is how much can be written to the folder's disk.
func freeBytes(dir string) (free int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true //nolint:gosec // no disk has 2^63 blocks
}

// inMemory says whether the folder is in a tmpfs.
func inMemory(dir string) bool {
	var s unix.Statfs_t
	return unix.Statfs(dir, &s) == nil && s.Type == unix.TMPFS_MAGIC
}
