package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

// Limits of a batch, which are the API's: events, and the bytes of their lines
// with room for what JSON adds around them.
const (
	maxBatchEvents = 1000
	maxBatchBytes  = 7 << 20
	maxBatchLine   = 256 << 10
)

// batch publishes events from JSON lines, many in one request.
type batch struct {
	s         *session
	key       string // "" = random ones
	requests  int
	events    []client.PublishEventParams
	lines     []int        // of the events
	wrong     []lineResult // lines that are no events, since the last request
	bytes     int
	published int
	failed    int
}

// line is an event of a batch. Other members are mistakes.
type line struct {
	Type       string          `json:"type"`
	ResourceID string          `json:"resource_id"`
	Data       json.RawMessage `json:"data"`
}

// publishBatch publishes the events of a file, or of standard input.
func (s *session) publishBatch(path, key string) error {
	r, err := s.in.open("--batch", path)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // read only
	b := &batch{s: s, key: key}
	if err := b.readAll(r); err != nil {
		if b.published+b.failed > 0 {
			s.out.notef("%d events were published before.", b.published)
		}
		return err
	}
	if !s.out.json {
		if err := s.out.linef("%d of %d events were published", b.published, b.published+b.failed); err != nil {
			return err
		}
	}
	if b.failed > 0 {
		return exitError{statusFailed}
	}
	return nil
}

func (b *batch) readAll(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxBatchLine+1)
	n := 0
	for lines.Scan() {
		n++
		if text := bytes.TrimSpace(lines.Bytes()); len(text) > 0 {
			if err := b.add(n, text); err != nil {
				return err
			}
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("--batch: line %d is longer than %d bytes; that is the limit of an event", n+1, maxBatchLine)
	case err != nil:
		return fmt.Errorf("--batch: %w", err)
	}
	return b.flush()
}

// add takes a line, and publishes what came before if it does not fit any more.
func (b *batch) add(n int, text []byte) error {
	var l line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(&l)
	if err == nil && d.More() {
		err = errors.New("there is more than one value")
	}
	if err != nil {
		text := fmt.Sprintf(`it is not {"type": "…", "resource_id": "…", "data": {…}}: %v`, err)
		b.wrong = append(b.wrong, lineResult{Line: n, Error: &client.EventError{Code: ringback.CodeInvalid, Message: text}})
		if len(b.wrong) == maxBatchEvents { // as many as are kept
			return b.flush()
		}
		return nil
	}
	if len(b.events) == maxBatchEvents || b.bytes+len(text) > maxBatchBytes {
		if err := b.flush(); err != nil {
			return err
		}
	}
	p := client.PublishEventParams{Type: l.Type, ResourceID: l.ResourceID}
	if l.Data != nil {
		p.Data = l.Data
	}
	b.events, b.lines, b.bytes = append(b.events, p), append(b.lines, n), b.bytes+len(text)
	return nil
}

// lineResult is what --json prints for each line.
type lineResult struct {
	Line  int                `json:"line"`
	ID    string             `json:"id,omitempty"`
	Error *client.EventError `json:"error,omitempty"`
}

// flush publishes what was added, and tells what became of each line in their
// order.
func (b *batch) flush() error {
	results, err := b.publish()
	if err != nil {
		return err
	}
	results = append(results, b.wrong...)
	slices.SortFunc(results, func(x, y lineResult) int { return x.Line - y.Line })
	for _, r := range results {
		if err := b.tell(r); err != nil {
			return err
		}
	}
	b.events, b.lines, b.wrong, b.bytes = b.events[:0], b.lines[:0], b.wrong[:0], 0
	return nil
}

// publish makes one request of the events, if there are any.
func (b *batch) publish() ([]lineResult, error) {
	if len(b.events) == 0 {
		return nil, nil
	}
	b.requests++
	p := client.PublishEventsParams{Events: b.events}
	if b.key != "" {
		p.IdempotencyKey = b.key + "-" + strconv.Itoa(b.requests)
	}
	results, err := b.s.api.PublishEvents(b.s.ctx(), p)
	if err != nil {
		return nil, err
	}
	if len(results) != len(b.events) {
		return nil, fmt.Errorf("the server gave %d results for %d events", len(results), len(b.events))
	}
	told := make([]lineResult, len(results))
	for i, r := range results {
		told[i] = lineResult{Line: b.lines[i], ID: r.ID, Error: r.Error}
	}
	return told, nil
}

func (b *batch) tell(r lineResult) error {
	if r.Error == nil {
		b.published++
	} else {
		b.failed++
		if !b.s.out.json {
			b.s.out.notef("ringback: line %d: %v (%s)", r.Line, r.Error, r.Error.Code)
		}
	}
	if !b.s.out.json {
		return nil
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return b.s.out.printJSON(raw)
}

// open opens a file that is read bit by bit; "-" is standard input.
func (in *inputs) open(flag, path string) (io.ReadCloser, error) {
	if path == "-" {
		in.taken = flag
		return io.NopCloser(in.stdin), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, wrongUse("%s: %w", flag, err)
	}
	return f, nil
}
