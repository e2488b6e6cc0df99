//go:build !linux

package pgtest

import "syscall"

// attributes changes nothing: on these systems tests do not run as root.
func attributes(*account) *syscall.SysProcAttr { return nil }
