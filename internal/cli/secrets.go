package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

func newEndpointsSecret() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret ID",
		Short: "Reveal what an endpoint's calls are signed with",
		Args:  oneArg("ID"),
	}
	return call(cmd, nil, func(s *session, args []string) error {
		secret, err := s.api.GetEndpointSecret(s.ctx(), args[0])
		if err != nil {
			return err
		}
		return s.showSecret(secret)
	})
}

func newAccountsSecret() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret [ID]",
		Short: "Reveal what your callbacks are signed with, or those of the account with that ID (operator)",
		Args:  maybeOneArg("ID"),
	}
	return call(cmd, withArgs, func(s *session, args []string) error {
		api := s.api
		if len(args) > 0 {
			api = api.WithAccount(args[0])
		}
		secret, err := api.GetOwnAccountSecret(s.ctx())
		if err != nil {
			return err
		}
		return s.showSecret(secret)
	})
}

// showSecret prints the secret of the last answer, alone; or, where that stays
// with the server, what receivers verify with.
func (s *session) showSecret(secret *client.Secret) error {
	switch {
	case s.out.json:
		return s.out.printJSON(s.answers.body())
	case secret.Secret == "" && secret.PublicKey != "":
		return s.show(func(r *record) { r.secret(secret) })
	case secret.Secret == "":
		s.out.notef("There is no secret: calls are not signed.")
		return nil
	default:
		return s.out.linef("%s", secret.Secret)
	}
}

// secret adds a secret, and what receivers verify with.
func (r *record) secret(secret *client.Secret) {
	if secret == nil {
		return
	}
	r.text("secret", secret.Secret)
	r.text("public key", secret.PublicKey)
	r.text("key id", secret.KeyID)
	r.cell("old secret until", r.out.instant(secret.PreviousSecretUntil))
}

// rotateFlags are those of `rotate`.
type rotateFlags struct {
	secret, file, overlap string
}

const rotateHelp = "Receivers learn the new secret while the old one still holds: calls of profiles with several\n" +
	"signatures carry both, the others are signed with the old one until --overlap is over."

func (f *rotateFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.secret, "secret", "", "the new `SECRET`; a generated one if not given; - reads it from standard input")
	flags.StringVar(&f.file, "secret-file", "", "`FILE` with the new secret")
	flags.StringVar(&f.overlap, "overlap", "", "`DURATION` that the old secret still signs, at most 30d; 0s = not at all (default 24h)")
	means(cmd, "overlap", "overlap_seconds")
}

func (f *rotateFlags) params(s *session) (p client.RotateSecretParams, err error) {
	given := secretFlags{secret: f.secret, file: f.file}
	if p.Secret, err = given.value(s); err != nil || f.overlap == "" {
		return p, err
	}
	d, err := parseSpan(f.overlap)
	switch {
	case err != nil:
		return p, wrongUse("--overlap: %w", err)
	case d%time.Second != 0:
		return p, wrongUse("--overlap %s: it must be whole seconds", f.overlap)
	}
	p.OverlapSeconds = client.Set(int(d / time.Second))
	return p, nil
}

// showRotated prints the new secret of the last answer.
func (s *session) showRotated(secret *client.Secret) error {
	if err := s.show(func(r *record) { r.secret(secret) }); err != nil || s.out.json {
		return err
	}
	if secret.PreviousSecretUntil.IsZero() {
		s.out.notef("The old secret no longer signs.")
	} else {
		s.out.notef("Give it to the receivers before the old one ends.")
	}
	return nil
}

func newEndpointsRotate() *cobra.Command {
	var f rotateFlags
	cmd := &cobra.Command{
		Use:   "rotate ID",
		Short: "Replace what an endpoint's calls are signed with",
		Long:  "Replace what an endpoint's calls are signed with.\n\n" + rotateHelp,
		Args:  oneArg("ID"),
	}
	f.register(cmd)
	changes(cmd)
	return call(cmd, nil, func(s *session, args []string) error {
		p, err := f.params(s)
		if err != nil {
			return err
		}
		secret, err := s.api.RotateEndpointSecret(s.ctx(), args[0], p)
		if err != nil {
			return err
		}
		return s.showRotated(secret)
	})
}

func newAccountsRotate() *cobra.Command {
	var f rotateFlags
	var p client.RotateAccountSecretParams
	cmd := &cobra.Command{
		Use:   "rotate [ID]",
		Short: "Replace what your callbacks are signed with, or those of the account with that ID (operator)",
		Long:  "Replace what your callbacks are signed with, or those of the account with that ID (operator).\n\n" + rotateHelp,
		Args:  maybeOneArg("ID"),
	}
	f.register(cmd)
	cmd.Flags().StringVar(&p.Signature, "signature", "", "what is replaced: v1 (the secret) or v1a (the ed25519 key) (default v1)")
	completes(cmd, "signature", signatures)
	changes(cmd)
	return call(cmd, withArgs, func(s *session, args []string) (err error) {
		if p.RotateSecretParams, err = f.params(s); err != nil {
			return err
		}
		var secret *client.Secret
		if len(args) == 0 {
			secret, err = s.api.RotateOwnAccountSecret(s.ctx(), p)
		} else {
			secret, err = s.operator().RotateAccountSecret(s.ctx(), args[0], p)
		}
		if err != nil {
			return err
		}
		return s.showRotated(secret)
	})
}
