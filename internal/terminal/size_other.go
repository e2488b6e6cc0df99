//go:build !unix

package terminal

import "io"

// Size says whether what is written to w appears on a terminal, and how
// many characters a line of it has. Where that is not known, plain lines of the
// usual width are right.
func Size(io.Writer) (width int, ok bool) { return 0, false }
