package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/webhook"
)

func newProfiles() *cobra.Command {
	cmd := group("profiles", "Look at wire formats, make some of your own",
		newProfilesList(), newProfilesGet(), newProfilesCreate(), newProfilesUpdate(), newProfilesDelete())
	cmd.Aliases = []string{"profile"}
	cmd.Long = "Look at wire formats, make some of your own: an account's own, or with an operator's key and\n" +
		"no --account, the operator's, which hold for every account."
	return cmd
}

// shapes are those of bodies.
var shapes = words([]webhook.Shape{
	webhook.ShapeStandard, webhook.ShapeUnitary, webhook.ShapeUnitaryFlat, webhook.ShapeInkit, webhook.ShapeSharpAPI, webhook.ShapeRaw,
})

// profileFlags are those of `profiles create` and `update`.
type profileFlags struct {
	shape, header, algorithm, encoding, prefix, content, userAgent string
	includeResult, noRetries, defaultRetries                       bool
	retries                                                        []string
}

func (f *profileFlags) register(cmd *cobra.Command, isNew bool) {
	algorithms := words([]webhook.Algorithm{
		webhook.AlgorithmHMACSHA256, webhook.AlgorithmHMACSHA512, webhook.AlgorithmHMACSHA1, webhook.AlgorithmEd25519,
	})
	encodings := words([]webhook.Encoding{webhook.EncodingHex, webhook.EncodingBase64})
	contents := words([]webhook.Content{webhook.ContentBody, webhook.ContentTimestampBody, webhook.ContentIDTimestampBody})
	flags := cmd.Flags()
	flags.StringVar(&f.shape, "shape", "", "`SHAPE` of the body: "+listed(shapes))
	flags.StringVar(&f.header, "header", "", "`NAME` of the header that the signature is in")
	flags.StringVar(&f.algorithm, "algorithm", "", "`NAME` of the algorithm: "+listed(algorithms)+" (default "+algorithms[0]+")")
	flags.StringVar(&f.encoding, "encoding", "", "how the signature is written: "+listed(encodings)+" (default "+encodings[0]+")")
	flags.StringVar(&f.prefix, "prefix", "", "`TEXT` before the signature, such as sha256=")
	flags.StringVar(&f.content, "content", "", "what is signed: "+listed(contents)+" (default "+contents[0]+")")
	flags.BoolVar(&f.includeResult, "include-result", true, "send the results of jobs to endpoints that do not say otherwise")
	flags.StringSliceVar(&f.retries, "retry", nil, "`DELAY` after each failed attempt, as in --retry 5s,1m,10m")
	flags.BoolVar(&f.noRetries, "no-retries", false, "make one attempt alone")
	flags.StringVar(&f.userAgent, "user-agent", "", "`TEXT` of the header User-Agent; the server's own if not given")
	if !isNew {
		flags.BoolVar(&f.defaultRetries, "default-retries", false, "retry as profiles do that say nothing")
	}
	for flag, values := range map[string][]string{"shape": shapes, "algorithm": algorithms, "encoding": encodings, "content": contents} {
		completes(cmd, flag, values)
	}
	means(cmd, "retry", "retry_schedule")
	changes(cmd)
}

// schedule is the member retry_schedule.
func (f *profileFlags) schedule(cmd *cobra.Command) (client.Optional[[]string], error) {
	given := endpointFlags{retries: f.retries, noRetries: f.noRetries, defaultRetries: f.defaultRetries}
	return given.schedule(cmd), given.check(cmd)
}

func newProfilesList() *cobra.Command {
	var list listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List wire formats: the built-in ones, then the others by name",
		Args:  noArgs,
	}
	list.register(cmd)
	columns := []column{{name: "NAME"}, {name: "OWNER"}, {name: "SHAPE"}, {name: "HEADER", cut: true}, {name: "ALGORITHM", spare: true}, {name: "SIGNED", spare: true}}
	return call(cmd, nil, func(s *session, _ []string) error {
		return showList(s, &list, columns, func(page client.Page) (*client.List[client.Profile], error) {
			return s.api.ListProfiles(s.ctx(), page)
		}, func(p *client.Profile) []cell {
			return []cell{plain(p.Name), plain(p.Owner), plain(p.Shape), plain(p.Header), plain(p.Algorithm), plain(p.Content)}
		})
	})
}

func newProfilesGet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Show a wire format, with a call to check a receiver with",
		Args:  oneArg("NAME"),
	}
	return call(cmd, nil, func(s *session, args []string) error {
		p, err := s.api.GetProfile(s.ctx(), args[0])
		if err != nil {
			return err
		}
		return s.showProfile(p)
	})
}

func newProfilesCreate() *cobra.Command {
	var f profileFlags
	cmd := &cobra.Command{
		Use:     "create NAME --shape SHAPE --header NAME",
		Short:   "Make a wire format",
		Example: "  ringback profiles create acme --shape raw --header X-Acme-Signature --prefix sha256= --content timestamp.body",
		Args:    oneArg("NAME"),
	}
	f.register(cmd, true)
	return call(cmd, nil, func(s *session, args []string) error {
		switch {
		case f.shape == "":
			return wrongUse("--shape is missing: it is one of %s", listed(shapes))
		case f.header == "":
			return wrongUse("--header is missing: say which header the signature is in")
		}
		retries, err := f.schedule(s.cmd)
		if err != nil {
			return err
		}
		p, err := s.api.CreateProfile(s.ctx(), client.CreateProfileParams{
			Name: args[0], Shape: f.shape, Header: f.header, Algorithm: f.algorithm, Encoding: f.encoding, Prefix: f.prefix,
			Content: f.content, IncludeResult: optional(s.cmd, "include-result", f.includeResult), RetrySchedule: retries,
			UserAgent: f.userAgent,
		})
		if err != nil {
			return err
		}
		return s.showProfile(p)
	})
}

func newProfilesUpdate() *cobra.Command {
	var f profileFlags
	cmd := &cobra.Command{
		Use:   "update NAME",
		Short: "Change a wire format, from the next attempt on",
		Long:  "Change a wire format, from the next attempt on: what a flag says changes, all else stays.",
		Args:  oneArg("NAME"),
	}
	f.register(cmd, false)
	return call(cmd, nil, func(s *session, args []string) error {
		if !anyChanged(s.cmd) {
			return wrongUse("there is nothing to change; say what, as in --prefix TEXT (see `%s --help`)", s.cmd.CommandPath())
		}
		retries, err := f.schedule(s.cmd)
		if err != nil {
			return err
		}
		given := func(flag, value string) client.Optional[string] { return optional(s.cmd, flag, value) }
		p, err := s.api.UpdateProfile(s.ctx(), args[0], client.UpdateProfileParams{
			Shape: given("shape", f.shape), Header: given("header", f.header), Algorithm: given("algorithm", f.algorithm),
			Encoding: given("encoding", f.encoding), Prefix: given("prefix", f.prefix), Content: given("content", f.content),
			IncludeResult: optional(s.cmd, "include-result", f.includeResult), RetrySchedule: retries,
			UserAgent: given("user-agent", f.userAgent),
		})
		if err != nil {
			return err
		}
		return s.showProfile(p)
	})
}

func newProfilesDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete NAME…",
		Short: "Delete wire formats that nobody uses",
		Args:  someArgs("NAME"),
	}
	return call(cmd, nil, func(s *session, args []string) error {
		return s.each(args, func(name string) error {
			if err := s.api.DeleteProfile(s.ctx(), name); err != nil || s.out.json {
				return err
			}
			return s.out.result(name, plain("deleted"))
		})
	})
}

// showProfile prints the profile of the last answer.
func (s *session) showProfile(p *client.Profile) error {
	return s.show(func(r *record) {
		r.text("name", p.Name)
		r.text("owner", p.Owner)
		r.text("shape", p.Shape)
		r.text("header", p.Header)
		r.text("algorithm", p.Algorithm)
		r.text("encoding", p.Encoding)
		r.text("prefix", p.Prefix)
		r.text("signed", p.Content)
		r.text("results", yesNo(p.IncludeResult))
		if len(p.RetrySchedule) == 0 {
			r.text("retries", "none")
		}
		r.text("retries", strings.Join(p.RetrySchedule, ", "))
		r.text("user agent", p.UserAgent)
		r.text("example secret", p.Example.Secret)
		r.text("example public key", p.Example.PublicKey)
		r.headers("example headers", p.Example.Headers)
		r.block("example body", p.Example.Body, "")
	})
}
