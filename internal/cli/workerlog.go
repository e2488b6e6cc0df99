package cli

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	// maxTail is how much of the end of a program's stderr is kept, in bytes.
	maxTail = 4 << 10
	// maxLogLine is where a line that does not end is broken, in bytes.
	maxLogLine = 8 << 10
)

// jobLog passes on what a program writes, line by line with a prefix, and keeps
// the end of it.
type jobLog struct {
	prefix string
	to     io.Writer
	line   []byte // the beginning of one that has not ended
	end    []byte
	cut    bool // there was more before end
}

func (l *jobLog) Write(p []byte) (int, error) {
	l.end = append(l.end, p...)
	if over := len(l.end) - maxTail; over > 0 {
		l.end, l.cut = append(l.end[:0], l.end[over:]...), true
	}
	rest := p
	for len(rest) > 0 {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if room := maxLogLine - len(l.line); len(line) > room {
			line, after, whole = rest[:room], rest[room:], true
		}
		l.line, rest = append(l.line, line...), after
		if whole {
			l.pass()
		}
	}
	return len(p), nil
}

// pass writes the line. That nobody reads it is not the job's fault.
func (l *jobLog) pass() {
	_, _ = io.WriteString(l.to, l.prefix+string(bytes.TrimSuffix(l.line, []byte("\r")))+"\n")
	l.line = l.line[:0]
}

// flush passes on a last line that has not ended.
func (l *jobLog) flush() {
	if len(l.line) > 0 {
		l.pass()
	}
}

// tail gives the end of all that was written, in valid UTF-8.
func (l *jobLog) tail() string {
	end := l.end
	for l.cut && len(end) > 0 && !utf8.RuneStart(end[0]) {
		end = end[1:] // the rest of a character that was cut in two
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(end), "\uFFFD"))
}
