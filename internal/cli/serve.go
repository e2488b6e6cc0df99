package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/internal/server"
)

// serveFlags are the flags of `dev` and `server`.
type serveFlags struct {
	addr, data          string
	store, nodeName     string
	storeWait           time.Duration
	metricsAddr         string
	publicURL           string
	cpuProfile          string
	json                bool
	allowHTTP           bool
	allowPrivate        bool
	logLevel, logFormat string
	retention           retention
}

func (f *serveFlags) register(cmd *cobra.Command, dev bool) {
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8787", "`HOST:PORT` to listen on; port 0 chooses a free one")
	flags.StringVar(&f.metricsAddr, "metrics-addr", "", "`HOST:PORT` that serves /metrics, and --addr does not any more; port 0 chooses a free one")
	flags.StringVar(&f.data, "data", "ringback-data", "`DIR` of the embedded database; made if it is missing")
	flags.StringVar(&f.store, "store", "sqlite", "`STORE`: sqlite, in --data, or the URL of a PostgreSQL database that several nodes may share")
	flags.DurationVar(&f.storeWait, "store-wait", 30*time.Second, "how long to wait at the start for a database that does not answer")
	flags.StringVar(&f.nodeName, "node-name", "", "`NAME` of this node in logs; the host name and --addr if not given")
	flags.StringVar(&f.publicURL, "public-url", "", "`URL` that clients reach the server by, for links in answers; as they addressed it if not given")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON once requests are accepted")
	flags.BoolVar(&f.allowHTTP, "allow-http", dev, "customers' URLs may be http://")
	flags.BoolVar(&f.allowPrivate, "allow-private-networks", dev, "customers' URLs may lead to private and loopback addresses")
	f.retention = defaultRetention
	flags.Var(&f.retention, "retention", "how long events, deliveries and jobs are kept once they are over: a `DURATION` such as 30d or 720h, or forever")
	flags.StringVar(&f.logLevel, "log-level", "info", "least `LEVEL` that is logged: debug, info, warn, error")
	flags.StringVar(&f.cpuProfile, "cpu-profile", "", "`FILE` to write where CPU time goes, for go tool pprof, once the server stops")
	flags.StringVar(&f.logFormat, "log-format", "text", "`FORMAT` of the log on stderr: text, json")
}

func newDev() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a server for a laptop: embedded database, keys printed, http:// and loopback allowed",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.run(cmd, true) },
	}
	f.register(cmd, true)
	return cmd
}

func newServer() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run a server in production",
		Long: "Run a server in production. The first start on an empty data folder makes an\n" +
			"operator's key, an account and a key of it, and shows them that once.\n\n" +
			"RINGBACK_OPERATOR_KEY sets the operator's key instead of a generated one.\n" +
			"RINGBACK_MASTER_KEY (base64 of 32 bytes) encrypts signing secrets instead of\n" +
			"DIR/master.key. With --store postgres://… several servers share one database;\n" +
			"they need the same RINGBACK_MASTER_KEY. Customers' URLs must be https:// and public unless\n" +
			"--allow-http and --allow-private-networks say otherwise.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, false) },
	}
	f.register(cmd, false)
	return cmd
}

func (f *serveFlags) run(cmd *cobra.Command, dev bool) (err error) {
	log, err := newLog(cmd.ErrOrStderr(), f.logLevel, f.logFormat)
	if err != nil {
		return err
	}
	if err := f.check(cmd.Context()); err != nil {
		return err
	}
	stop, err := profileCPU(f.cpuProfile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	ctx := cmd.Context()
	s, err := server.Open(ctx, server.Config{
		Store: f.store, StoreWait: f.storeWait, NodeName: f.nodeName,
		Addr: f.addr, MetricsAddr: f.metricsAddr, Dir: f.data, PublicURL: f.publicURL, AllowHTTP: f.allowHTTP, AllowPrivate: f.allowPrivate, Dev: dev,
		MasterKey: os.Getenv("RINGBACK_MASTER_KEY"), OperatorKey: os.Getenv("RINGBACK_OPERATOR_KEY"),
		Retention: time.Duration(f.retention), Version: Version(), Log: log,
	})
	if err != nil {
		return err
	}
	store := f.data
	if kind, _ := server.StoreKind(f.store); kind != "sqlite" {
		store = kind // its URL may have a password
	}
	log.Info("listening", "url", s.URL(), "metrics", s.MetricsURL(), "store", store, "node", s.NodeName(), "version", Version())
	if err := f.announce(ctx, cmd.OutOrStdout(), s, dev); err != nil {
		log.Error("the keys could not be shown", "error", err)
	}
	return s.Run(ctx)
}

// check refuses values that cannot be meant, before anything is made.
func (f *serveFlags) check(ctx context.Context) error {
	const form = "%s %q: it is HOST:PORT, such as 127.0.0.1:%d, with a port from 0 to 65535"
	if !hostPort(ctx, f.addr) {
		return wrongUse(form, "--addr", f.addr, 8787)
	}
	if f.metricsAddr != "" && !hostPort(ctx, f.metricsAddr) {
		return wrongUse(form, "--metrics-addr", f.metricsAddr, 9090)
	}
	if _, err := server.StoreKind(f.store); err != nil {
		return &usageError{err}
	}
	if f.storeWait < 0 {
		return wrongUse("--store-wait %s: it is not below 0", f.storeWait)
	}
	if f.publicURL == "" {
		return nil
	}
	u, err := url.Parse(f.publicURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return &usageError{fmt.Errorf("--public-url %q: it is http(s)://HOST, perhaps with a path, such as https://ringback.example.com", f.publicURL)}
	}
	return nil
}

// hostPort says whether this is HOST:PORT with a port that there can be, or the
// name of one.
func hostPort(ctx context.Context, addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = net.DefaultResolver.LookupPort(ctx, "tcp", port)
	}
	return err == nil
}

// announcement is the line that scripts read.
type announcement struct {
	URL string `json:"url"`
	server.Keys
}

// announce prints where the server is and, where they may be shown, the keys.
// The listener is open by now: connections wait until Run accepts them.
func (f *serveFlags) announce(ctx context.Context, w io.Writer, s *server.Server, dev bool) error {
	keys := s.Keys()
	if f.json {
		line, err := json.Marshal(announcement{URL: s.URL(), Keys: keys})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
	} else if err := describe(w, s.URL(), keys, dev); err != nil {
		return err
	}
	if keys.AccountID == "" {
		return nil
	}
	// They were shown: a signal that came meanwhile must not have the next start
	// make others.
	return s.Announced(context.WithoutCancel(ctx))
}

func describe(w io.Writer, url string, keys server.Keys, dev bool) error {
	if keys.AccountID == "" {
		_, err := fmt.Fprintf(w, "Ringback listens on %s\n", url)
		return err
	}
	once := "These keys are shown this once; keep them."
	if dev {
		once = "The same keys are shown at every start."
	}
	_, err := fmt.Fprintf(w, `Ringback listens on %s

  account       %s
  API key       %s
  operator key  %s

%s Try:

  curl %s/v1/account -H 'Authorization: Bearer %s'

`, url, keys.AccountID, keys.APIKey, keys.OperatorKey, once, url, keys.APIKey)
	return err
}

// newLog makes the program's logger.
func newLog(w io.Writer, level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, &usageError{fmt.Errorf("--log-level %q: it is debug, info, warn or error", level)}
	}
	options := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, &usageError{fmt.Errorf("--log-format %q: it is text or json", format)}
	}
}
