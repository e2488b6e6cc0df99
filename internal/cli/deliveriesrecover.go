package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

// recovered is what `deliveries recover --json` prints.
type recovered struct {
	Recovered int `json:"recovered"`
	Examined  int `json:"examined"`
}

func newDeliveriesRecover() *cobra.Command {
	var endpoint string
	var span spanFlags
	cmd := &cobra.Command{
		Use:   "recover --endpoint ID --since TIME",
		Short: "Send an endpoint what failed, was canceled or was missed",
		Long: "Send an endpoint the events since a time that failed, were canceled or were missed while it\n" +
			"was disabled, each with all its retries. What was delivered or is pending stays: to do so\n" +
			"again does no harm.",
		Example: "  ringback deliveries recover --endpoint ep_… --since 2h",
		Args:    noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&endpoint, "endpoint", "", "`ID` of the endpoint")
	flags.StringVar(&span.since, "since", "", "events that were made at this `TIME` or later: 2026-01-02T15:04:05Z, or 2h, 7d ago")
	flags.StringVar(&span.until, "until", "", "events that were made before this `TIME`; now if not given")
	changes(cmd)
	return call(cmd, nil, func(s *session, _ []string) error {
		switch {
		case endpoint == "":
			return wrongUse("--endpoint is missing: say which endpoint gets them")
		case span.since == "":
			return wrongUse("--since is missing: say from when on, as in --since 2h")
		}
		bounds, err := span.span(s.out.now)
		if err != nil {
			return err
		}
		total, err := s.recover(endpoint, client.RecoverEndpointParams{Since: bounds.Since, Until: bounds.Until})
		if err != nil {
			if total.Examined > 0 {
				s.out.notef("Until then: %s (%d looked at). The same command does the rest.", sentAgain(total.Recovered), total.Examined)
			}
			return err
		}
		if !s.out.json {
			return s.out.linef("%s (%d looked at)", sentAgain(total.Recovered), total.Examined)
		}
		raw, err := json.Marshal(total)
		if err != nil {
			return err
		}
		return s.out.printJSON(raw)
	})
}

func sentAgain(n int) string {
	if n == 1 {
		return "1 event is sent again"
	}
	return fmt.Sprintf("%d events are sent again", n)
}

// recover goes on until all events were looked at. It gives what was done, with
// an error too.
func (s *session) recover(endpoint string, p client.RecoverEndpointParams) (total recovered, err error) {
	line := startProgress(s.out.err, "recovering")
	defer line.stop()
	for {
		r, err := s.api.RecoverEndpoint(s.ctx(), endpoint, p)
		if err != nil {
			return total, err
		}
		total.Recovered += r.Recovered
		total.Examined += r.Examined
		if r.NextCursor == "" {
			return total, nil
		}
		p.Cursor = r.NextCursor
		line.set(fmt.Sprintf("%s (%d looked at so far)", sentAgain(total.Recovered), total.Examined))
	}
}
