package cli

import (
	"io"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/terminal"
)

// progress is a line on a terminal that says how things stand, and for how
// long already. Elsewhere it shows nothing.
type progress struct {
	w     io.Writer // nil = nothing is shown
	width int
	what  string
	begin time.Time
	quit  chan struct{}
	done  sync.WaitGroup

	mu   sync.Mutex
	text string
}

// startProgress shows a line about what until it is stopped.
func startProgress(w io.Writer, what string) *progress {
	width, ok := terminal.Size(w)
	if !ok {
		return &progress{}
	}
	if width <= 0 {
		width = defaultWidth
	}
	return showProgress(w, width, what)
}

func showProgress(w io.Writer, width int, what string) *progress {
	p := &progress{w: w, width: width, what: what, begin: time.Now(), quit: make(chan struct{})}
	p.done.Go(p.tick)
	return p
}

func (p *progress) shown() bool { return p.w != nil }

// set says how things stand.
func (p *progress) set(text string) {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	p.text = text
	p.mu.Unlock()
	p.draw()
}

// stop removes the line.
func (p *progress) stop() {
	if p.w == nil {
		return
	}
	close(p.quit)
	p.done.Wait()
	_, _ = io.WriteString(p.w, clearLine)
}

// clearLine goes to the beginning of the line and clears it.
const clearLine = "\r\x1b[K"

func (p *progress) tick() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-ticker.C:
			p.draw()
		}
	}
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := p.what
	if p.text != "" {
		line += "  " + p.text
	}
	line += "  " + time.Since(p.begin).Truncate(time.Second).String()
	_, _ = io.WriteString(p.w, clearLine+terminal.Cut(terminal.Printable(line), p.width-1))
}
