package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

func newKeys() *cobra.Command {
	cmd := group("keys", "Manage API keys (operator)",
		newKeysCreate(), newKeysList(), newKeysGet(), newKeysDelete())
	cmd.Aliases = []string{"key"}
	return cmd
}

func newKeysCreate() *cobra.Command {
	var p client.CreateKeyParams
	var names []string
	var operator bool
	cmd := &cobra.Command{
		Use:   "create --name NAME (--account ID | --operator)",
		Short: "Make an API key: of an account, or of the operator",
		Long: "Make an API key: of the account that --account names, or with --operator one of the\n" +
			"operator. It is shown this once.",
		Example: "  ringback keys create --name production --account acc_…\n" +
			"  ringback keys create --name worker --account acc_… --scope jobs:work",
		Args: noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&p.Name, "name", "", "`NAME` to tell it from others")
	flags.StringSliceVar(&names, "scope", nil, "`SCOPE` that the key has; may be repeated, or several with commas; all if not given (jobs:work for the operator alone)")
	flags.BoolVar(&operator, "operator", false, "make an operator's key, which may do everything for every account")
	means(cmd, "scope", "scopes")
	completes(cmd, "scope", scopes())
	changes(cmd)
	return call(cmd, operatorOnly, func(s *session, _ []string) error {
		account := s.connection.account.value
		switch {
		case p.Name == "":
			return wrongUse("--name is missing: say what the key is for")
		case operator && s.cmd.Flags().Changed("account"):
			return wrongUse("--operator and --account exclude each other; give one of them")
		case !operator && account == "":
			return wrongUse("--account is missing: say whose key it is; --operator makes an operator's")
		}
		api := s.api
		if operator {
			api = s.operator()
		}
		for _, name := range names {
			p.Scopes = append(p.Scopes, ringback.Scope(name))
		}
		k, err := api.CreateKey(s.ctx(), p)
		if err != nil {
			return err
		}
		if err := s.showKey(&k.Key, k.Text); err != nil {
			return err
		}
		if !s.out.json {
			s.out.notef("The key is shown this once; keep it.")
		}
		return nil
	})
}

func newKeysList() *cobra.Command {
	var list listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List keys, the newest first; with --account those of one account",
		Args:  noArgs,
	}
	list.register(cmd)
	columns := []column{{name: "ID"}, {name: "NAME", cut: true}, {name: "OF"}, {name: "CREATED", spare: true}, {name: "SCOPES", cut: true, spare: true}}
	return call(cmd, operatorOnly, func(s *session, _ []string) error {
		return showList(s, &list, columns, func(page client.Page) (*client.List[client.Key], error) {
			return s.api.ListKeys(s.ctx(), client.ListKeysParams{Page: page})
		}, func(k *client.Key) []cell {
			return []cell{plain(k.ID), plain(k.Name), plain(ownerOf(k)), s.out.when(k.CreatedAt), plain(strings.Join(words(k.Scopes), ","))}
		})
	})
}

func newKeysGet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Show a key, without its text",
		Args:  oneArg("ID"),
	}
	return call(cmd, operatorOnly, func(s *session, args []string) error {
		k, err := s.api.GetKey(s.ctx(), args[0])
		if err != nil {
			return err
		}
		return s.showKey(k, "")
	})
}

func newKeysDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete ID…",
		Short: "Make keys invalid, at once",
		Args:  someArgs("ID"),
	}
	return call(cmd, operatorOnly, func(s *session, args []string) error {
		return s.each(args, func(id string) error {
			if err := s.api.DeleteKey(s.ctx(), id); err != nil || s.out.json {
				return err
			}
			return s.out.result(id, plain("deleted"))
		})
	})
}

func ownerOf(k *client.Key) string {
	if k.AccountID == "" {
		return "operator"
	}
	return k.AccountID
}

// showKey prints the key of the last answer.
func (s *session) showKey(k *client.Key, text string) error {
	return s.show(func(r *record) {
		r.text("id", k.ID)
		r.text("name", k.Name)
		r.text("of", ownerOf(k))
		r.text("scopes", strings.Join(words(k.Scopes), ", "))
		r.cell("created", s.out.instant(k.CreatedAt))
		r.text("key", text)
	})
}
