// Package terminaltest gives tests a terminal.
package terminaltest

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// Terminal is a pseudo-terminal: a program writes to File.
type Terminal struct {
	File *os.File

	master *os.File
	shown  chan []byte
}

// Open makes a terminal with lines of that many characters.
func Open(t *testing.T, width uint16) *Terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(f.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 25, Col: width}); err != nil {
		t.Fatal(err)
	}
	x := &Terminal{File: f, master: master, shown: make(chan []byte, 1)}
	go func() {
		shown, _ := io.ReadAll(master) // EIO when File is closed
		x.shown <- shown
	}()
	t.Cleanup(func() { _ = f.Close() }) // Shown may have closed it
	return x
}

// Shown closes the terminal and gives all that was written to it.
func (x *Terminal) Shown(t *testing.T) string {
	t.Helper()
	if err := x.File.Close(); err != nil {
		t.Fatal(err)
	}
	shown := <-x.shown
	_ = x.master.Close()
	return string(bytes.ReplaceAll(shown, []byte("\r\n"), []byte("\n"))) // the terminal's line ends
}
