package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

func newEndpoints() *cobra.Command {
	cmd := group("endpoints", "Subscribe URLs to events",
		newEndpointsCreate(), newEndpointsList(), newEndpointsGet(), newEndpointsUpdate(),
		newEndpointsDelete(), newEndpointsSecret(), newEndpointsRotate(), newEndpointsTest())
	cmd.Aliases = []string{"endpoint"}
	return cmd
}

func newEndpointsCreate() *cobra.Command {
	var f endpointFlags
	cmd := &cobra.Command{
		Use:     "create --url URL --event-type TYPE",
		Short:   "Subscribe a URL to events",
		Example: "  ringback endpoints create --url https://example.com/hook --event-type 'job.*' --retry 5s,1m,10m",
		Args:    noArgs,
	}
	f.register(cmd, true)
	return call(cmd, nil, func(s *session, _ []string) error {
		p, err := f.creation(s)
		if err != nil {
			return err
		}
		e, err := s.api.CreateEndpoint(s.ctx(), p)
		if err != nil {
			return err
		}
		s.out.warn(e.Warnings)
		if err := s.showEndpoint(&e.Endpoint, &client.Secret{Secret: e.Secret, VerifyingKey: e.VerifyingKey}); err != nil {
			return err
		}
		if e.Secret != "" && !s.out.json {
			s.out.notef("Its receiver verifies calls with the secret. `ringback endpoints secret %s` shows it again.", e.ID)
		}
		return nil
	})
}

func newEndpointsList() *cobra.Command {
	var list listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List endpoints, the newest first",
		Args:  noArgs,
	}
	list.register(cmd)
	columns := []column{{name: "ID"}, {name: "STATUS"}, {name: "NAME", cut: true}, {name: "PROFILE", spare: true}, {name: "EVENTS", cut: true}, {name: "FAILING SINCE", spare: true}, {name: "URL", cut: true}}
	return call(cmd, nil, func(s *session, _ []string) error {
		return showList(s, &list, columns, func(page client.Page) (*client.List[client.Endpoint], error) {
			return s.api.ListEndpoints(s.ctx(), page)
		}, func(e *client.Endpoint) []cell {
			return []cell{
				plain(e.ID), enabledStatus(e), plain(e.Name), plain(e.Profile), plain(strings.Join(e.EventTypes, ",")),
				s.out.when(e.FailingSince), plain(e.URL),
			}
		})
	})
}

func newEndpointsGet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Show an endpoint",
		Args:  oneArg("ID"),
	}
	return call(cmd, nil, func(s *session, args []string) error {
		e, err := s.api.GetEndpoint(s.ctx(), args[0])
		if err != nil {
			return err
		}
		return s.showEndpoint(e, nil)
	})
}

func newEndpointsUpdate() *cobra.Command {
	var f endpointFlags
	cmd := &cobra.Command{
		Use:   "update ID",
		Short: "Change an endpoint, for what is pending too",
		Long: "Change an endpoint, for what is pending too: what a flag says changes, all else stays.\n" +
			"Given event types, headers and retries replace all that there were.",
		Example: "  ringback endpoints update ep_… --url https://example.com/new --no-retries",
		Args:    oneArg("ID"),
	}
	f.register(cmd, false)
	return call(cmd, nil, func(s *session, args []string) error {
		p, err := f.update(s)
		if err != nil {
			return err
		}
		e, err := s.api.UpdateEndpoint(s.ctx(), args[0], p)
		if err != nil {
			return err
		}
		s.out.warn(e.Warnings)
		return s.showEndpoint(e, nil)
	})
}

func newEndpointsDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete ID…",
		Short: "Delete endpoints and cancel what is pending",
		Args:  someArgs("ID"),
	}
	return call(cmd, nil, func(s *session, args []string) error {
		return s.each(args, func(id string) error {
			if err := s.api.DeleteEndpoint(s.ctx(), id); err != nil || s.out.json {
				return err
			}
			return s.out.result(id, plain("deleted"))
		})
	})
}

func enabledStatus(e *client.Endpoint) cell {
	if e.Enabled {
		return status("enabled")
	}
	return status("disabled")
}

// showEndpoint prints the endpoint of the last answer.
func (s *session) showEndpoint(e *client.Endpoint, secret *client.Secret) error {
	return s.show(func(r *record) {
		r.text("id", e.ID)
		r.text("name", e.Name)
		r.cell("status", enabledStatus(e))
		r.text("disabled because", e.DisabledReason)
		r.cell("disabled", s.out.instant(e.DisabledAt))
		r.cell("failing since", s.out.instant(e.FailingSince))
		r.text("url", e.URL)
		r.text("events", strings.Join(e.EventTypes, ", "))
		r.text("profile", e.Profile)
		r.text("signed", yesNo(e.Signed))
		r.text("signature", e.Signature)
		r.cell("old secret until", s.out.instant(e.PreviousSecretUntil))
		r.text("results", yesNo(e.IncludeResult))
		if len(e.RetrySchedule) == 0 {
			r.text("retries", "none")
		}
		r.text("retries", strings.Join(e.RetrySchedule, ", "))
		r.text("timeout", brief(seconds(e.TimeoutSeconds)))
		if e.RateLimit > 0 {
			r.text("rate limit", strconv.FormatFloat(e.RateLimit, 'f', -1, 64)+" attempts a second")
		}
		r.cell("created", s.out.instant(e.CreatedAt))
		r.headers("headers", e.Headers)
		r.secret(secret)
	})
}
