//go:build !unix

package cli

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup does nothing: there are no process groups here.
func ownGroup(*exec.Cmd) {}

// signalGroup ends a program, without its children.
func signalGroup(p *os.Process, _ syscall.Signal) { _ = p.Kill() }
