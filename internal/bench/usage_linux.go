package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTicks is the unit of CPU times in /proc, per second: it is 100 on every
// architecture that Go runs on (proc_pid_stat(5), sysconf(_SC_CLK_TCK)).
const clockTicks = 100

// usageOf reads what a process has used so far.
func usageOf(pid int) (u usage, err error) {
	dir := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return u, err
	}
	if u.cpu, err = parseCPU(stat); err != nil {
		return u, err
	}
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return u, err
	}
	u.rss, u.peak = parseKiB(status, "VmRSS:"), parseKiB(status, "VmHWM:")
	return u, nil
}

// parseCPU gives user and system time from /proc/PID/stat: fields 14 and 15.
// The name in field 2 may hold anything, so that fields count from its end.
func parseCPU(stat []byte) (time.Duration, error) {
	end := bytes.LastIndexByte(stat, ')')
	fields := bytes.Fields(stat[end+1:])
	if end < 0 || len(fields) < 13 {
		return 0, fmt.Errorf("cannot read %.100q", stat)
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / clockTicks), nil
}

// parseKiB gives a value of /proc/PID/status in bytes, 0 if it is not there.
func parseKiB(status []byte, name string) int64 {
	for line := range bytes.Lines(status) {
		rest, ok := bytes.CutPrefix(line, []byte(name))
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte(" kB"))), 10, 64)
		if err != nil {
			return 0
		}
		return n << 10
	}
	return 0
}
