package bench

import "time"

// usage is what a process has used so far; zero where that is not known.
type usage struct {
	cpu       time.Duration // user and system
	rss, peak int64         // bytes
}
