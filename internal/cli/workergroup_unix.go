//go:build unix

package cli

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup gives a program a process group of its own, which its children are
// in, too, and which an interrupt of the terminal does not reach.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup signals a program and its children, as far as there still are any.
func signalGroup(p *os.Process, s syscall.Signal) { _ = syscall.Kill(-p.Pid, s) }
