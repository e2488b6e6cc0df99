package cli

import (
	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

func newAccounts() *cobra.Command {
	cmd := group("accounts", "Look at your account; as the operator, manage all of them",
		newAccountsCreate(), newAccountsList(), newAccountsGet(), newAccountsUpdate(), newAccountsSecret(), newAccountsRotate())
	cmd.Aliases = []string{"account"}
	return cmd
}

// accountFlags are those of `accounts create` and `update`.
type accountFlags struct {
	name, profile, signature string
	secret                   secretFlags
}

func (f *accountFlags) register(cmd *cobra.Command, without string) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "`NAME` to tell it from others")
	flags.StringVar(&f.profile, "callback-profile", "", "`NAME` of the wire format of callbacks whose job names none (default standard)")
	flags.StringVar(&f.signature, "callback-signature", "", "`SCHEME` of callbacks of the profile standard: v1 (a shared secret) or v1a (ed25519)")
	f.secret.register(cmd, without)
	completes(cmd, "callback-profile", profileNames())
	completes(cmd, "callback-signature", signatures)
	changes(cmd)
}

func newAccountsCreate() *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use:     "create --name NAME",
		Short:   "Make an account for a customer (operator)",
		Example: "  ringback accounts create --name acme && ringback keys create --account ACCOUNT_ID --name production",
		Args:    noArgs,
	}
	f.register(cmd, "a generated one if not given")
	return call(cmd, operatorOnly, func(s *session, _ []string) (err error) {
		if f.name == "" {
			return wrongUse("--name is missing: say whose account it is")
		}
		p := client.CreateAccountParams{Name: f.name, CallbackProfile: f.profile, CallbackSignature: f.signature}
		if p.Secret, err = f.secret.value(s); err != nil {
			return err
		}
		a, err := s.operator().CreateAccount(s.ctx(), p)
		if err != nil {
			return err
		}
		s.out.warn(a.Warnings)
		if err := s.showAccount(&a.AccountInfo, &client.Secret{Secret: a.Secret, VerifyingKey: a.VerifyingKey}); err != nil {
			return err
		}
		if a.Secret != "" && !s.out.json {
			s.out.notef("Its callbacks are signed with the secret. `ringback accounts secret %s` shows it again.", a.ID)
		}
		return nil
	})
}

func newAccountsList() *cobra.Command {
	var list listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List accounts, the newest first (operator)",
		Args:  noArgs,
	}
	list.register(cmd)
	columns := []column{{name: "ID"}, {name: "NAME", cut: true}, {name: "CALLBACK PROFILE", spare: true}, {name: "SIGNED", spare: true}, {name: "CREATED"}}
	return call(cmd, operatorOnly, func(s *session, _ []string) error {
		return showList(s, &list, columns, func(page client.Page) (*client.List[client.AccountInfo], error) {
			return s.operator().ListAccounts(s.ctx(), page)
		}, func(a *client.AccountInfo) []cell {
			return []cell{plain(a.ID), plain(a.Name), plain(a.CallbackProfile), plain(yesNo(a.Signed)), s.out.when(a.CreatedAt)}
		})
	})
}

func newAccountsGet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get [ID]",
		Short: "Show your account, or the one with that ID (operator)",
		Args:  maybeOneArg("ID"),
	}
	return call(cmd, withArgs, func(s *session, args []string) (err error) {
		var a *client.AccountInfo
		if len(args) == 0 {
			a, err = s.api.GetOwnAccount(s.ctx())
		} else {
			a, err = s.operator().GetAccount(s.ctx(), args[0])
		}
		if err != nil {
			return err
		}
		return s.showAccount(a, nil)
	})
}

func newAccountsUpdate() *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use:   "update [ID]",
		Short: "Change your account, or the one with that ID (operator)",
		Long:  "Change your account, or the one with that ID (operator): what a flag says changes, all\nelse stays.",
		Args:  maybeOneArg("ID"),
	}
	f.register(cmd, "the old one is replaced at once")
	return call(cmd, withArgs, func(s *session, args []string) (err error) {
		if !anyChanged(s.cmd) {
			return wrongUse("there is nothing to change; say what, as in --callback-profile unitary (see `%s --help`)", s.cmd.CommandPath())
		}
		p := client.UpdateAccountParams{
			Name: optional(s.cmd, "name", f.name), CallbackProfile: optional(s.cmd, "callback-profile", f.profile),
			CallbackSignature: optional(s.cmd, "callback-signature", f.signature),
		}
		if p.Secret, err = f.secret.value(s); err != nil {
			return err
		}
		var a *client.AccountInfo
		if len(args) == 0 {
			a, err = s.api.UpdateOwnAccount(s.ctx(), p)
		} else {
			a, err = s.operator().UpdateAccount(s.ctx(), args[0], p)
		}
		if err != nil {
			return err
		}
		s.out.warn(a.Warnings)
		return s.showAccount(a, nil)
	})
}

// operator is the client for what is about no account in particular.
func (s *session) operator() *client.Client { return s.api.WithAccount("") }

// showAccount prints the account of the last answer.
func (s *session) showAccount(a *client.AccountInfo, secret *client.Secret) error {
	return s.show(func(r *record) {
		r.text("id", a.ID)
		r.text("name", a.Name)
		r.text("callback profile", a.CallbackProfile)
		r.text("signature", a.CallbackSignature)
		r.text("signed", yesNo(a.Signed))
		r.cell("old secret until", s.out.instant(a.PreviousSecretUntil))
		r.cell("created", s.out.instant(a.CreatedAt))
		r.secret(secret)
	})
}
