package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

func newConfig() *cobra.Command {
	cmd := group("config", "Keep the server, key and account that commands use", newConfigSet(), newConfigUnset(), newConfigShow())
	cmd.Long = "Keep the server, key and account that commands use, in ~/.config/ringback/config.json\n" +
		"(under $XDG_CONFIG_HOME if that is set), which only you may read.\n\n" +
		"Each value is the flag's, or else the environment's (RINGBACK_SERVER, RINGBACK_KEY,\n" +
		"RINGBACK_ACCOUNT), or else the file's. Where neither server nor key is given,\n" +
		"commands use those that `ringback dev` keeps in ringback-data/dev.json of the current\n" +
		"folder; its keys are for a server on this machine alone."
	return cmd
}

// settings are the names that `config` knows.
var settings = []string{"server", "key", "account"}

// field is the place of a setting in the file.
func (c *configFile) field(name string) (*string, error) {
	switch name {
	case "server":
		return &c.Server, nil
	case "key":
		return &c.Key, nil
	case "account":
		return &c.Account, nil
	}
	return nil, wrongUse("%q is no setting; it is server, key or account", name)
}

func newConfigSet() *cobra.Command {
	return &cobra.Command{
		Use:       "set server|key|account VALUE",
		Short:     "Keep a value; - reads it from standard input, as is best for keys",
		Example:   "  ringback config set server https://ringback.example.com\n  ringback config set key - < key.txt",
		ValidArgs: settings,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return wrongUse("`%s` takes a name and a value; it is: %s", cmd.CommandPath(), cmd.UseLine())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			value := args[1]
			if value == "-" {
				var err error
				if value, err = inputsOf(cmd).secret(args[0], "-"); err != nil {
					return err
				}
			}
			if value == "" {
				return wrongUse("the value is empty; `ringback config unset %s` removes it", args[0])
			}
			return changeConfig(args[0], value)
		},
	}
}

func newConfigUnset() *cobra.Command {
	return &cobra.Command{
		Use:       "unset server|key|account",
		Short:     "Keep a value no longer",
		ValidArgs: settings,
		Args:      oneArg("name"),
		RunE:      func(_ *cobra.Command, args []string) error { return changeConfig(args[0], "") },
	}
}

// changeConfig changes one value of the file.
func changeConfig(name, value string) error {
	path, err := configPath()
	if err != nil {
		return err
	}
	c, err := readConfig(path)
	if err != nil {
		return err
	}
	field, err := c.field(name)
	if err != nil {
		return err
	}
	*field = value
	server, key := c.Server, c.Key
	if server == "" {
		server = defaultServer
	}
	if _, err := client.New(server, key); err != nil {
		return wrongUse("%s: %w", name, err)
	}
	return c.write(path)
}

// shownSetting is a setting as `config show --json` prints it.
type shownSetting struct {
	Value  string `json:"value"`
	Source string `json:"source"`
}

func newConfigShow() *cobra.Command {
	var f connectionFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show what commands use now and where it comes from, keys masked",
		Args:  noArgs,
	}
	f.register(cmd, "`ID` of an account")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := f.resolve(cmd, false)
		if err != nil {
			return err
		}
		out := outputOf(cmd, asJSON)
		c.key.value = mask(c.key.value)
		if asJSON {
			raw, err := json.Marshal(map[string]shownSetting{
				"server": c.server.shown(), "key": c.key.shown(), "account": c.account.shown(),
			})
			if err != nil {
				return err
			}
			return out.printJSON(raw)
		}
		t := newTable(out, []column{{name: "SETTING"}, {name: "VALUE"}, {name: "FROM"}})
		for i, s := range []setting{c.server, c.key, c.account} {
			t.add([]cell{plain(settings[i]), plain(s.value), plain(s.source)})
		}
		return t.flush()
	}
	return cmd
}

func (s setting) shown() shownSetting { return shownSetting{Value: s.value, Source: s.source} }

// mask shows enough of a key to tell it from others.
func mask(key string) string {
	const kept = 4
	if len(key) <= 4*kept {
		if key == "" {
			return ""
		}
		return "****"
	}
	return fmt.Sprintf("%s…%s", key[:kept], key[len(key)-kept:])
}
