package terminal_test

import (
	"testing"

	"github.com/ringback/ringback/internal/terminal"
	"github.com/ringback/ringback/internal/terminal/terminaltest"
)

func TestATerminalHasASizeAndColours(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	x := terminaltest.Open(t, 93)
	if width, ok := terminal.Size(x.File); width != 93 || !ok {
		t.Errorf("width %d, %t", width, ok)
	}
	if !terminal.Color(x.File) {
		t.Error("no colours")
	}
	t.Setenv("NO_COLOR", "1")
	if terminal.Color(x.File) {
		t.Error("NO_COLOR does not count")
	}
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	if terminal.Color(x.File) {
		t.Error("TERM=dumb does not count")
	}
}
