package demo

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/ringback/ringback/ringback"
)

// board knows every job and how far it has come.
type board struct {
	mu     sync.Mutex
	tracks []*track
	byRef  map[string]*track // by what bodies call the job: its UUID or its resource id
}

// track is one job on its way. Members above the line do not change once the
// track is on the board; the others are the board's to guard.
type track struct {
	name    string // of the file
	profile string
	planned bool      // the demo submitted it
	start   time.Time // of its submission

	settled chan struct{} // closed when nothing more is waited for

	// ---
	jobID    string
	outcome  string // "" until the worker has one
	header   string // that the signature came in
	verified time.Duration
	arrived  bool // verified, at that time since start
	attempts int
	toFetch  string // the resource that a body without a result named, or ""
	trouble  string // why it is settled, though not delivered and verified
	over     bool
}

func newBoard() *board { return &board{byRef: make(map[string]*track)} }

func newTrack(name, profile string, start time.Time) *track {
	return &track{name: name, profile: profile, start: start, settled: make(chan struct{})}
}

// submit puts a track on the board under the job's id that do gives, and under
// its resource id. Who asks for the job meanwhile is made to wait, so that
// nothing is told of a job before it is known.
func (b *board) submit(tr *track, resourceID string, do func() (jobID string, err error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tracks = append(b.tracks, tr)
	id, err := do()
	if err != nil {
		b.settle(tr, "it could not be submitted: "+err.Error())
		return err
	}
	tr.jobID = id
	b.byRef[reference(id)] = tr
	if resourceID != "" {
		b.byRef[resourceID] = tr
	}
	return nil
}

// find gives the track of a job by its id, UUID or resource id, or nil.
func (b *board) find(ref string) *track {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byRef[reference(ref)]
}

// reference gives the ids and the UUID of one job the same form.
func reference(id string) string {
	if strings.HasPrefix(id, ringback.PrefixJob+"_") {
		if uuid := ringback.UUID(id); uuid != "" {
			return uuid
		}
	}
	return id
}

// update changes a track.
func (b *board) update(tr *track, change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// finish settles a track: with "" all is well.
func (b *board) finish(tr *track, trouble string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settle(tr, trouble)
}

// settle settles a track once: what came first counts, unless it was good and
// trouble follows. b.mu is held.
func (b *board) settle(tr *track, trouble string) {
	if tr.trouble == "" {
		tr.trouble = trouble
	}
	if !tr.over {
		tr.over = true
		close(tr.settled)
	}
}

// snapshot gives copies of the tracks, in the order of their submission.
func (b *board) snapshot() []track {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]track, len(b.tracks))
	for i, tr := range b.tracks {
		all[i] = *tr
	}
	return all
}

// wait waits until the tracks are settled, or ctx ends.
func wait(ctx context.Context, tracks ...*track) {
	for _, tr := range tracks {
		select {
		case <-tr.settled:
		case <-ctx.Done():
			return
		}
	}
}

// good says whether the job's webhook was delivered and verified.
func (tr *track) good() bool { return tr.over && tr.arrived && tr.trouble == "" }
