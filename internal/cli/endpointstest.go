package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

// maxWait is for how long the API waits in one call.
const maxWait = time.Minute

func newEndpointsTest() *cobra.Command {
	var eventType, wait string
	var full bool
	cmd := &cobra.Command{
		Use:   "test ID",
		Short: "Send an endpoint a sample, and show what it answered",
		Long: "Send an endpoint a sample of an event, in one attempt without retries, and show what was\n" +
			"sent and answered. The exit status is 0 if it was delivered, 1 if not, 3 if --wait was\n" +
			"over before.",
		Args: oneArg("ID"),
	}
	flags := cmd.Flags()
	flags.StringVar(&eventType, "event-type", "", "`TYPE` of the sample; one that the endpoint gets if not given")
	flags.StringVar(&wait, "wait", "30s", "`DURATION` to wait for the answer, at most 1m")
	flags.BoolVar(&full, "full", false, "show all that is kept of the answer's body")
	changes(cmd)
	return call(cmd, nil, func(s *session, args []string) error {
		n, err := wholeSeconds("--wait", wait)
		if err != nil {
			return err
		}
		if seconds(n) > maxWait {
			return wrongUse("--wait %s: it must be %s at most", wait, maxWait)
		}
		d, err := s.api.TestEndpoint(s.ctx(), args[0], client.TestEndpointParams{EventType: eventType, WaitSeconds: n})
		if err != nil {
			return err
		}
		if err := s.showDeliveryWhole(d, full); err != nil {
			return err
		}
		switch d.Status {
		case ringback.DeliveryDelivered:
			return nil
		case ringback.DeliveryPending:
			s.out.notef("There is no answer yet. `ringback deliveries show %s` shows it later.", d.ID)
			return exitError{statusTimeout}
		default:
			return exitError{statusFailed}
		}
	})
}
