package cli

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain makes the test binary the program, too, for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){
		"ringback": func() {
			os.Exit(Main(os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
	})
}

// tests runs without anybody's own settings, and fails if a goroutine is left
// behind.
type tests struct{ m *testing.M }

func (t tests) Run() int {
	home, err := os.MkdirTemp("", "ringback-cli-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	for name, value := range map[string]string{"HOME": home, "XDG_CONFIG_HOME": ""} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	status := t.m.Run()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}
