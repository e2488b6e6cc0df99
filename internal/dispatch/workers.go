package dispatch

// Attempts are made by goroutines that stay for the next one: what a request
// needs of stack is more than a new goroutine has, and to grow it costs as much
// as to sign.

// maxIdle is how many goroutines wait for work. Each keeps its stack, 8–32 KiB.
const maxIdle = 256

// worker waits for an item to attempt; a closed channel ends it.
type worker chan *item

// start has an item attempted that was taken from its queue. d.mu is held.
func (d *Dispatcher) start(it *item) {
	d.work.Add(1)
	if last := len(d.idle) - 1; last >= 0 {
		w := d.idle[last] // the one whose stack was used last
		d.idle = d.idle[:last]
		w <- it
		return
	}
	w := make(worker, 1)
	w <- it
	go d.run(w)
}

func (d *Dispatcher) run(w worker) {
	for it := range w {
		d.serve(it)
		d.work.Done()
		d.mu.Lock()
		stay := len(d.idle) < maxIdle && !d.stopping
		if stay {
			d.idle = append(d.idle, w)
		}
		d.mu.Unlock()
		if !stay {
			return
		}
	}
}

// dismiss ends the goroutines that wait. d.mu is held, and nothing starts any
// more.
func (d *Dispatcher) dismiss() {
	for _, w := range d.idle {
		close(w)
	}
	d.idle = nil
}
