package pgtest

import "syscall"

// attributes has a process run as another account, where one is given, and end
// as after an immediate shutdown when the thread that started it ends.
func attributes(as *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}
	}
	return attr
}
