package cli

import (
	"runtime/debug"
	"strings"
)

// release is the version that this source becomes.
const release = "0.1.0"

// Version is the version of the program: the module's, where it was installed
// as one, or the next release's with "-dev".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if ok && strings.HasPrefix(info.Main.Version, "v") && !strings.HasPrefix(info.Main.Version, "v0.0.0-") {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return release + "-dev"
}
