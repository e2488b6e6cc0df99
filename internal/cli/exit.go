package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// What the program's exit status tells.
const (
	statusFailed      = 1   // something failed; stderr says what
	statusWrongUse    = 2   // the command line cannot be meant; nothing was done
	statusTimeout     = 3   // what was waited for did not end in time
	statusInterrupted = 130 // what shells give a program that SIGINT ended
)

// exitError ends the program with a status, its message having been printed.
type exitError struct{ status int }

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// wrongUse makes a usageError.
func wrongUse(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// errInterrupted ends a command that a signal told to.
var errInterrupted = errors.New("interrupted")

// statusOf gives the exit status for a command's error, and whether the error
// is yet to be printed.
func statusOf(err error) (status int, tell bool) {
	if err == nil {
		return 0, false
	}
	if exit, ok := errors.AsType[exitError](err); ok {
		return exit.status, false
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return statusWrongUse, true
	}
	if errors.Is(err, errInterrupted) {
		return statusInterrupted, true
	}
	if written, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(written, syscall.EPIPE) {
		return statusFailed, false // whoever read stdout has gone: there is nobody to tell
	}
	return statusFailed, true
}
