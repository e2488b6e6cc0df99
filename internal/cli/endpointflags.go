package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

// endpointFlags are those of `endpoints create` and `update`.
type endpointFlags struct {
	name, url, profile string
	signature          string
	events             []string
	secret             secretFlags
	includeResult      bool
	headers            []string
	noHeaders          bool
	retries            []string
	noRetries          bool
	defaultRetries     bool
	timeout            string
	rateLimit          float64
	noRateLimit        bool
	enable, disable    bool
}

func (f *endpointFlags) register(cmd *cobra.Command, isNew bool) {
	flags := cmd.Flags()
	without := "the old one is replaced at once"
	if isNew {
		without = "a generated one if not given"
	}
	flags.StringVar(&f.url, "url", "", "`URL` that is called")
	flags.StringSliceVar(&f.events, "event-type", nil, "`TYPE` of events that it gets: a name, prefix.* or *; may be repeated, or several with commas")
	flags.StringVar(&f.name, "name", "", "`NAME` to tell it from others")
	flags.StringVar(&f.profile, "profile", "", "`NAME` of the wire format (default standard)")
	f.secret.register(cmd, without)
	flags.StringVar(&f.signature, "signature", "", "`SCHEME` of the profile standard: v1 (a shared secret) or v1a (ed25519)")
	flags.BoolVar(&f.includeResult, "include-result", false, "send the results of jobs; as the profile has it if not given")
	flags.StringArrayVar(&f.headers, "header", nil, "`'NAME: VALUE'` to send with every call; may be repeated")
	flags.StringSliceVar(&f.retries, "retry", nil, "`DELAY` after each failed attempt, as in --retry 5s,1m,10m; as the profile has it if not given")
	flags.BoolVar(&f.noRetries, "no-retries", false, "make one attempt alone")
	flags.StringVar(&f.timeout, "timeout", "", "`DURATION` that one attempt may take (default 15s)")
	flags.Float64Var(&f.rateLimit, "rate-limit", 0, "how many attempts may start in a second, such as 10 or 0.5; no limit if not given")
	flags.BoolVar(&f.disable, "disable", false, "send nothing there; what is pending is canceled")
	if !isNew {
		flags.BoolVar(&f.enable, "enable", false, "send events there again")
		flags.BoolVar(&f.noHeaders, "no-headers", false, "send no headers of its own")
		flags.BoolVar(&f.noRateLimit, "no-rate-limit", false, "have no limit of attempts in a second")
		flags.BoolVar(&f.defaultRetries, "default-retries", false, "retry as the profile has it")
	}
	completes(cmd, "profile", profileNames())
	completes(cmd, "signature", signatures)
	means(cmd, "event-type", "event_types", "header", "headers", "retry", "retry_schedule", "timeout", "timeout_seconds", "rate-limit", "rate_limit_per_second")
	changes(cmd)
}

// check refuses flags that exclude each other.
func (f *endpointFlags) check(cmd *cobra.Command) error {
	for _, group := range [][]string{{"enable", "disable"}, {"header", "no-headers"}, {"rate-limit", "no-rate-limit"}, {"retry", "no-retries", "default-retries"}} {
		given := ""
		for _, name := range group {
			if flag := cmd.Flags().Lookup(name); flag == nil || !flag.Changed {
				continue
			}
			if given != "" {
				return wrongUse("--%s and --%s exclude each other; give one of them", given, name)
			}
			given = name
		}
	}
	if cmd.Flags().Changed("rate-limit") && f.rateLimit == 0 {
		return wrongUse("--rate-limit %v: it must be more than 0; for no limit, %s", f.rateLimit, unlimited(cmd))
	}
	return nil
}

// unlimited says how a command has an endpoint without a limit.
func unlimited(cmd *cobra.Command) string {
	if cmd.Flags().Lookup("no-rate-limit") == nil {
		return "leave the flag out"
	}
	return "give --no-rate-limit"
}

// headerMap reads headers; nil if none were given.
func headerMap(texts []string) (map[string]string, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	headers := make(map[string]string, len(texts))
	for _, text := range texts {
		name, value, ok := strings.Cut(text, ":")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			return nil, wrongUse("--header: it must be 'NAME: VALUE', such as 'X-Env: test'")
		}
		if _, twice := headers[name]; twice {
			return nil, wrongUse("--header %s: it is given twice", name)
		}
		headers[name] = strings.TrimSpace(value)
	}
	return headers, nil
}

// schedule is the member retry_schedule.
func (f *endpointFlags) schedule(cmd *cobra.Command) client.Optional[[]string] {
	switch {
	case f.noRetries:
		return client.Set([]string{})
	case f.defaultRetries:
		return client.Null[[]string]()
	default:
		return optional(cmd, "retry", f.retries)
	}
}

// rate is the member rate_limit_per_second.
func (f *endpointFlags) rate(cmd *cobra.Command) client.Optional[float64] {
	if f.noRateLimit {
		return client.Null[float64]()
	}
	return optional(cmd, "rate-limit", f.rateLimit)
}

// enabled is the member of that name.
func (f *endpointFlags) enabled() client.Optional[bool] {
	switch {
	case f.enable:
		return client.Set(true)
	case f.disable:
		return client.Set(false)
	default:
		return client.Optional[bool]{}
	}
}

// creation makes the parameters of a new endpoint.
func (f *endpointFlags) creation(s *session) (p client.CreateEndpointParams, err error) {
	switch {
	case f.url == "":
		return p, wrongUse("--url is missing: say which URL is called")
	case len(f.events) == 0:
		return p, wrongUse("--event-type is missing: say which events the endpoint gets, as in --event-type 'job.*'; '*' is all")
	}
	if err := f.check(s.cmd); err != nil {
		return p, err
	}
	p = client.CreateEndpointParams{
		Name: f.name, URL: f.url, EventTypes: f.events, Profile: f.profile, Signature: f.signature, RateLimit: f.rateLimit,
		IncludeResult: optional(s.cmd, "include-result", f.includeResult),
		RetrySchedule: f.schedule(s.cmd), Enabled: f.enabled(),
	}
	if p.Headers, err = headerMap(f.headers); err != nil {
		return p, err
	}
	if p.TimeoutSeconds, err = wholeSeconds("--timeout", f.timeout); err != nil {
		return p, err
	}
	p.Secret, err = f.secret.value(s)
	return p, err
}

// update makes the parameters of a change: what was given.
func (f *endpointFlags) update(s *session) (p client.UpdateEndpointParams, err error) {
	if !anyChanged(s.cmd) {
		return p, wrongUse("there is nothing to change; say what, as in --url URL or --disable (see `%s --help`)", s.cmd.CommandPath())
	}
	if err := f.check(s.cmd); err != nil {
		return p, err
	}
	p = client.UpdateEndpointParams{
		Name: optional(s.cmd, "name", f.name), URL: optional(s.cmd, "url", f.url),
		EventTypes: optional(s.cmd, "event-type", f.events), Profile: optional(s.cmd, "profile", f.profile),
		Signature: optional(s.cmd, "signature", f.signature), RateLimit: f.rate(s.cmd),
		IncludeResult: optional(s.cmd, "include-result", f.includeResult),
		RetrySchedule: f.schedule(s.cmd), Enabled: f.enabled(),
	}
	headers, err := headerMap(f.headers)
	if err != nil {
		return p, err
	}
	if f.noHeaders {
		p.Headers = client.Set(map[string]string{})
	} else if headers != nil {
		p.Headers = client.Set(headers)
	}
	seconds, err := wholeSeconds("--timeout", f.timeout)
	if err != nil {
		return p, err
	}
	p.TimeoutSeconds = optional(s.cmd, "timeout", seconds)
	p.Secret, err = f.secret.value(s)
	return p, err
}
