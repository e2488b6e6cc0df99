package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// process is a process that the benchmark started.
type process struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan []byte // of its stdout; closed when it ended
	errs   tail
	exited chan struct{}
	err    error // of Wait, once exited
}

const (
	startLimit = 60 * time.Second // until a process says that it is ready
	replyLimit = 60 * time.Second
	stopLimit  = 15 * time.Second
)

// spawn starts the program with these arguments and variables.
func (b *bench) spawn(name string, args, env []string) (*process, error) {
	cmd := exec.Command(b.executable, args...) //nolint:gosec,noctx // this program; release ends it
	cmd.Env = append(environment(), env...)
	detach(cmd)
	p := &process{name: name, cmd: cmd, lines: make(chan []byte, 1), exited: make(chan struct{})}
	cmd.Stderr = &p.errs
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	b.processes.Go(func() { p.read(stdout) })
	b.mu.Lock()
	b.running[p] = true
	b.mu.Unlock()
	return p, nil
}

// read passes the lines of stdout on until the process ends.
func (p *process) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		p.lines <- bytes.Clone(lines.Bytes())
	}
	close(p.lines)
	p.err = p.cmd.Wait()
	close(p.exited)
}

// line gives the next line of stdout.
func (p *process) line(ctx context.Context, limit time.Duration) ([]byte, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case line, ok := <-p.lines:
		if !ok {
			<-p.exited
			return nil, fmt.Errorf("%s ended early (%w)%s", p.name, cmpErr(p.err, io.EOF), p.errs.said())
		}
		return line, nil
	case <-timer.C:
		return nil, fmt.Errorf("%s says nothing for %s%s", p.name, limit, p.errs.said())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// startPart starts a part and reads what it says first into ready.
func (b *bench) startPart(ctx context.Context, role string, ready any) (*process, error) {
	// One thread of Go's is enough for these, and leaves more of the machine to
	// the program under test than two that wake each other.
	var env []string
	if role != partRelay {
		env = []string{"GOMAXPROCS=1"}
	}
	p, err := b.spawn(role, []string{"bench", "part", role}, env)
	if err != nil {
		return nil, err
	}
	return p, p.reply(ctx, startLimit, ready)
}

// call asks a part to do something and reads its answer into out.
func (p *process) call(ctx context.Context, what string, args, out any) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	line, err := json.Marshal(request{Do: what, Args: raw})
	if err != nil {
		return err
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		_, ended := p.line(ctx, time.Second)
		return errors.Join(err, ended)
	}
	return p.reply(ctx, replyLimit, out)
}

func (p *process) reply(ctx context.Context, limit time.Duration, out any) error {
	line, err := p.line(ctx, limit)
	if err != nil {
		return err
	}
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("%s said %.200q: %w", p.name, line, err)
	}
	if r.Error != "" {
		return fmt.Errorf("%s: %s", p.name, r.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(r.Result, out)
}

// kill ends a process at once and waits until it has.
func (b *bench) kill(p *process) {
	_ = p.cmd.Process.Kill() // it may have ended
	b.gone(p)
}

// quit has a process end in order: a part when its stdin does, the server by
// its signal.
func (b *bench) quit(p *process, signal os.Signal) error {
	_ = p.stdin.Close()
	if signal != nil {
		if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			_ = p.cmd.Process.Kill() // there are systems without that signal
		}
	}
	timer := time.AfterFunc(stopLimit, func() { _ = p.cmd.Process.Kill() })
	b.gone(p)
	if !timer.Stop() {
		return fmt.Errorf("%s did not end in %s", p.name, stopLimit)
	}
	return nil
}

// gone waits for the end of a process.
func (b *bench) gone(p *process) {
	for range p.lines { // what it still says is of no use
	}
	<-p.exited
	_ = p.stdin.Close()
	b.mu.Lock()
	delete(b.running, p)
	b.mu.Unlock()
}

// killAll ends whatever still runs.
func (b *bench) killAll() {
	b.mu.Lock()
	var all []*process
	for p := range b.running {
		all = append(all, p)
	}
	b.mu.Unlock()
	for _, p := range all {
		b.kill(p)
	}
	b.processes.Wait()
}

func cmpErr(err, instead error) error {
	if err != nil {
		return err
	}
	return instead
}

// tail keeps the end of what a process writes to stderr.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// said is what was written, for the end of an error.
func (t *tail) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == 0 {
		return ""
	}
	return "; it said:\n" + string(bytes.TrimSpace(t.text))
}
