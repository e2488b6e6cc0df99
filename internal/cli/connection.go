package cli

import (
	"net/http"
	"net/netip"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

// defaultServer is where `ringback dev` and `ringback server` listen.
const defaultServer = "http://127.0.0.1:8787"

// setting is a value and where it comes from, in words.
type setting struct{ value, source string }

// connection is how a server is reached.
type connection struct{ server, key, account setting }

// connectionFlags are the flags of all commands that call a server. Each value
// is the flag's, or else the environment's, or else the config file's; server
// and key may last be those that `ringback dev` keeps in this folder.
type connectionFlags struct{ server, key, account string }

// register adds the flags. accountUse says what --account is for.
func (f *connectionFlags) register(cmd *cobra.Command, accountUse string) {
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "`URL` of the server (default "+defaultServer+")")
	flags.StringVar(&f.key, "key", "", "API `KEY`; better given as RINGBACK_KEY, or kept with `ringback config set key -`: others see command lines")
	flags.StringVar(&f.account, "account", "", accountUse)
	annotate(cmd, readElsewhere, "server", "key", "account")
	means(cmd, "account", "Ringback-Account")
}

// resolve settles the connection. operator says that, of the keys that
// `ringback dev` keeps, the operator's is meant.
func (f *connectionFlags) resolve(cmd *cobra.Command, operator bool) (connection, error) {
	var c connection
	var missing []*setting
	for _, s := range []struct {
		to   *setting
		flag string
	}{{&c.server, "server"}, {&c.key, "key"}, {&c.account, "account"}} {
		if flag := cmd.Flags().Lookup(s.flag); flag != nil && flag.Changed {
			*s.to = setting{flag.Value.String(), "--" + s.flag}
		} else if name := variable("ringback", s.flag); os.Getenv(name) != "" {
			*s.to = setting{os.Getenv(name), name}
		} else {
			missing = append(missing, s.to)
		}
	}
	if len(missing) > 0 {
		if err := c.fromFile(missing); err != nil {
			return c, err
		}
	}
	if c.server.source == "" || c.key.source == "" && onThisMachine(c.server.value) {
		if err := c.fromDev(operator || c.account.value != ""); err != nil {
			return c, err
		}
	}
	if c.server.source == "" {
		c.server = setting{defaultServer, "the default"}
	}
	return c, nil
}

// fromFile takes what is missing from the config file.
func (c *connection) fromFile(missing []*setting) error {
	path, err := configPath()
	if err != nil {
		return nil //nolint:nilerr // without a home there is no file
	}
	file, err := readConfig(path)
	if err != nil {
		return err
	}
	values := map[*setting]string{&c.server: file.Server, &c.key: file.Key, &c.account: file.Account}
	for _, s := range missing {
		if values[s] != "" {
			*s = setting{values[s], path}
		}
	}
	return nil
}

// fromDev takes what is missing from the data of `ringback dev` in this folder,
// if there is any. Its server is on this machine, or it is somebody else's
// file; a key of it is sent to no other machine.
func (c *connection) fromDev(operator bool) error {
	kept, err := readDev(devKeysPath)
	if err != nil {
		return err
	}
	if c.server.source == "" && onThisMachine(kept.URL) {
		c.server = setting{kept.URL, devKeysPath}
	}
	switch {
	case c.key.source != "" || c.server.source != "" && !onThisMachine(c.server.value):
	case operator && kept.OperatorKey != "":
		c.key = setting{kept.OperatorKey, devKeysPath + " (the operator's)"}
	case !operator && kept.APIKey != "":
		c.key = setting{kept.APIKey, devKeysPath}
	}
	return nil
}

func onThisMachine(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback() || u.Hostname() == "localhost"
}

// client makes the client of a connection. what is the part of the program that
// calls.
func (c *connection) client(what string, transport http.RoundTripper, options ...client.Option) (*client.Client, error) {
	options = append(options, client.Account(c.account.value), client.UserAgent("Ringback/"+Version()+" ("+what+")"))
	if transport != nil {
		options = append(options, client.HTTPClient(&http.Client{Transport: transport}))
	}
	if _, err := client.New(c.server.value, ""); err != nil {
		return nil, wrongUse("--server (from %s): %w", c.server.source, err)
	}
	made, err := client.New(c.server.value, c.key.value, options...)
	if err != nil {
		return nil, wrongUse("--key (from %s): %w", c.key.source, err)
	}
	return made, nil
}

// noKey says where a key can be given.
func (c *connection) noKey() error {
	const given = "--key is missing: set RINGBACK_KEY, or keep a key with `ringback config set key -`"
	if !onThisMachine(c.server.value) {
		return wrongUse(given+"; the keys in %s are used for a server on this machine alone", devKeysPath)
	}
	return wrongUse(given+", or work in the folder where `ringback dev` was started: it keeps one in %s", devKeysPath)
}
