//go:build !linux

package bench

import "os/exec"

// detach does nothing where a process cannot be bound to the life of another.
func detach(*exec.Cmd) {}
