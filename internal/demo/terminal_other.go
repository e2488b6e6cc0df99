//go:build !unix

package demo

import "io"

// Terminal says whether what is written to w appears on a terminal, and how
// many characters a line of it has. Where that is not known, plain lines of the
// usual width are right.
func Terminal(io.Writer) (width int, ok bool) { return 0, false }
