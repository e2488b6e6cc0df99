package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

// tries is how often a call that can be repeated is, after its first try: a
// person waits for the answer.
const tries = 2

// session is one run of a command that calls a server.
type session struct {
	cmd        *cobra.Command
	api        *client.Client
	out        *output
	in         *inputs
	answers    *recorder
	connection connection
}

// callingFlags are those of every command that calls a server.
type callingFlags struct {
	connectionFlags

	json bool
}

// call makes cmd one that calls a server. operator says whether, of the keys
// that `ringback dev` keeps, the operator's is needed; nil = no.
func call(cmd *cobra.Command, operator func(args []string) bool, run func(s *session, args []string) error) *cobra.Command {
	f := &callingFlags{}
	f.register(cmd, "`ID` of the account to act for, with an operator's key")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the API's JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := f.open(cmd, operator != nil && operator(args))
		if err != nil {
			return err
		}
		return s.explain(run(s, args))
	}
	return cmd
}

// operatorOnly is for commands that need an operator's key.
func operatorOnly([]string) bool { return true }

// withArgs is for commands that need an operator's key to look at others.
func withArgs(args []string) bool { return len(args) > 0 }

func (f *callingFlags) open(cmd *cobra.Command, operator bool) (*session, error) {
	s := &session{
		cmd: cmd, out: outputOf(cmd, f.json), in: inputsOf(cmd),
		answers: &recorder{next: http.DefaultTransport},
	}
	var err error
	if s.connection, err = f.resolve(cmd, operator); err != nil {
		return nil, err
	}
	if s.connection.key.value == "" {
		return nil, s.connection.noKey()
	}
	s.api, err = s.connection.client("cli", s.answers, client.Retries(tries))
	return s, err
}

func (s *session) ctx() context.Context { return s.cmd.Context() }

// show prints the last answer: as it is with --json, or else as text.
func (s *session) show(text func(r *record)) error {
	if s.out.json {
		return s.out.printJSON(s.answers.body())
	}
	r := s.out.record()
	text(r)
	return r.print()
}

// each does something with every argument. What fails is told, and the others
// are done all the same, unless none of them can be.
func (s *session) each(args []string, do func(id string) error) error {
	failed := false
	for _, id := range args {
		err := do(id)
		if err == nil {
			continue
		}
		explained := s.explain(err)
		if len(args) == 1 || s.hopeless(err) {
			return explained
		}
		s.out.notef("ringback: %s: %v", id, explained)
		failed = true
	}
	if failed {
		return exitError{statusFailed}
	}
	return nil
}
