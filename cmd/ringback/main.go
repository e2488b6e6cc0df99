// Command ringback takes jobs, hands them to workers, and delivers the outcome
// as signed webhooks.
package main

import (
	"os"

	"github.com/ringback/ringback/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
