package cli

import (
	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

// secretFlags give the secret of an endpoint or account.
type secretFlags struct {
	secret, file string
	unsigned     bool
}

func (f *secretFlags) register(cmd *cobra.Command, without string) {
	flags := cmd.Flags()
	flags.StringVar(&f.secret, "secret", "", "`SECRET` that calls are signed with, "+without+"; - reads it from standard input")
	flags.StringVar(&f.file, "secret-file", "", "`FILE` with the secret")
	flags.BoolVar(&f.unsigned, "unsigned", false, "have no secret: calls are not signed")
}

// value gives the secret; left out if there is none.
func (f *secretFlags) value(s *session) (client.Optional[string], error) {
	var none client.Optional[string]
	given := 0
	for _, name := range []string{"secret", "secret-file", "unsigned"} {
		if s.cmd.Flags().Changed(name) {
			given++
		}
	}
	if given > 1 {
		return none, wrongUse("--secret, --secret-file and --unsigned exclude each other; give one of them")
	}
	switch {
	case f.unsigned:
		return client.Null[string](), nil
	case s.cmd.Flags().Changed("secret-file"):
		text, err := s.in.secret("--secret-file", f.file)
		return client.Set(text), err
	case f.secret == "-":
		text, err := s.in.secret("--secret", "-")
		return client.Set(text), err
	case s.cmd.Flags().Changed("secret"):
		return client.Set(f.secret), nil
	}
	return none, nil
}

// signatures are the schemes of the profile standard.
var signatures = []string{"v1", "v1a"}

// optional gives a member the value of a flag that was given.
func optional[T any](cmd *cobra.Command, flag string, value T) client.Optional[T] {
	if !cmd.Flags().Changed(flag) {
		return client.Optional[T]{}
	}
	return client.Set(value)
}

// anyChanged says whether one of a command's own flags was given.
func anyChanged(cmd *cobra.Command) bool {
	changed := false
	for _, name := range ownFlags(cmd) {
		changed = changed || cmd.Flags().Changed(name)
	}
	return changed
}
