package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The processes of a benchmark talk to their parent in lines of JSON: a part
// writes one line when it is ready, then reads a request and writes a reply, one
// after the other, and ends when its standard input does. So nothing is left
// behind by a parent that was killed.

// Names of the parts.
const (
	partReceiver = "receiver"
	partLoad     = "load"
	partRelay    = "relay"
)

// request asks a part to do something.
type request struct {
	Do   string          `json:"do"`
	Args json.RawMessage `json:"args,omitempty"`
}

// reply answers a request, or says that the part is ready.
type reply struct {
	Error  string          `json:"error,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
}

// listening is what parts that listen say when they are ready.
type listening struct {
	Addr  string `json:"addr"`            // HOST:PORT
	Stuck string `json:"stuck,omitempty"` // of the receiver: where nothing is ever answered
}

// part is what runs in a process of its own.
type part interface {
	// start gives what the parent is told first.
	start(ctx context.Context) (ready any, err error)
	do(what string, args json.RawMessage) (any, error)
	stop()
}

// maxLine bounds a line between parent and part: a bit for each event of a
// crash test is the longest that there is.
const maxLine = 16 << 20

// Part runs a part of the benchmark until in ends.
func Part(ctx context.Context, role string, in io.Reader, out io.Writer) error {
	var p part
	switch role {
	case partReceiver:
		p = &receiver{}
	case partLoad:
		p = &load{}
	case partRelay:
		p = &relay{}
	default:
		return fmt.Errorf("there is no part %q of the benchmark", role)
	}
	defer p.stop()
	ready, err := p.start(ctx)
	if err := say(out, ready, err); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		result, err := p.do(r.Do, r.Args)
		if err := say(out, result, err); err != nil {
			return err
		}
	}
	return lines.Err()
}

// say writes one reply.
func say(out io.Writer, result any, failed error) error {
	var r reply
	if failed != nil {
		r.Error = failed.Error()
	} else {
		raw, err := json.Marshal(result)
		if err != nil {
			return err
		}
		r.Result = raw
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}

// errNoSuchRequest is a request that a part does not know.
var errNoSuchRequest = errors.New("no such request")
