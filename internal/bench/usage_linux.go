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
	p, err := readStat(pid)
	if err != nil {
		return u, err
	}
	u.cpu = p.cpu
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	u.rss, u.peak = parseKiB(status, "VmRSS:"), parseKiB(status, "VmHWM:")
	return u, nil
}

// stat is what /proc/PID/stat tells of a process.
type stat struct {
	parent     int
	cpu, ended time.Duration // user and system: its own, and of children that it has waited for
}

func readStat(pid int) (stat, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(raw)
}

// parseStat reads fields 4 and 14 to 17 of /proc/PID/stat. The name in field 2
// may hold anything, so that fields count from its end.
func parseStat(raw []byte) (s stat, err error) {
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	if len(fields) < 15 {
		return s, fmt.Errorf("cannot read %.100q", raw)
	}
	if s.parent, err = strconv.Atoi(string(fields[1])); err != nil {
		return s, err
	}
	var times [4]time.Duration
	for i, field := range fields[11:15] {
		ticks, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return s, err
		}
		times[i] = time.Duration(ticks) * (time.Second / clockTicks)
	}
	s.cpu, s.ended = times[0]+times[1], times[2]+times[3]
	return s, nil
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
