package bench

import (
	"os/exec"
	"syscall"
)

// detach gives a process a group of its own, so that an interrupt at the
// terminal is for the benchmark alone, and has it killed when the benchmark is.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
