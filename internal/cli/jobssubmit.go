package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
)

// submitFlags are the flags of `jobs submit`.
type submitFlags struct {
	job                    client.SubmitJobParams
	input, metadata, runAt string
	timeout, wait          string
	includeResult          bool
}

func newJobsSubmit() *cobra.Command {
	f := &submitFlags{}
	cmd := &cobra.Command{
		Use:   "submit --type TYPE",
		Short: "Submit a job",
		Long: "Submit a job. It is on the server's disk when its id is printed.\n\n" +
			"With --wait the command waits until the job is finished and prints it then. The exit\n" +
			"status is 0 if it succeeded, 1 if it failed or was canceled, 3 if the time was over: it is\n" +
			"printed as it is then.",
		Example: "  ringback jobs submit --type translate --input '{\"text\": \"hello\"}' --callback-url https://example.com/hook\n" +
			"  ringback jobs submit --type inspect --input @input.json --wait=30s",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && cmd.Flags().Changed("wait") {
				return wrongUse("a duration to wait is given with =, as in --wait=%s", args[0])
			}
			return noArgs(cmd, args)
		},
	}
	f.register(cmd)
	changes(cmd)
	return call(cmd, nil, func(s *session, _ []string) error { return f.submit(s) })
}

func (f *submitFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.job.Type, "type", "", "`TYPE` of the job: it says which workers do it")
	flags.StringVar(&f.input, "input", "", "`JSON` that the worker gets; @FILE or - (standard input) to read it from there")
	flags.StringVar(&f.job.CallbackURL, "callback-url", "", "`URL` that gets the outcome")
	flags.StringVar(&f.job.Profile, "profile", "", "`NAME` of the callback's wire format; the account's if not given")
	flags.BoolVar(&f.job.CallbackOnly, "callback-only", false, "tell the callback alone, not the endpoints")
	flags.BoolVar(&f.includeResult, "include-result", true, "send the result with the outcome; --include-result=false leaves it out")
	flags.StringVar(&f.job.Events.Succeeded, "event-succeeded", "", "`TYPE` of the event of success, instead of job.succeeded")
	flags.StringVar(&f.job.Events.Failed, "event-failed", "", "`TYPE` of the event of failure, instead of job.failed")
	flags.StringVar(&f.job.Events.Canceled, "event-canceled", "", "`TYPE` of the event of a cancel, instead of job.canceled")
	flags.StringVar(&f.job.ResourceID, "resource-id", "", "`ID` of what the job is about; the job's own if not given")
	flags.StringVar(&f.metadata, "metadata", "", "`JSON` object of your own; @FILE or - to read it from there")
	flags.StringVar(&f.runAt, "run-at", "", "not before this `TIME`: 2026-01-02T15:04:05Z, or 10m, 1d from now")
	flags.StringVar(&f.timeout, "timeout", "", "`DURATION` that one attempt may take (default 1h)")
	flags.IntVar(&f.job.MaxAttempts, "max-attempts", 0, "how many attempts there are at most (default 3)")
	flags.StringVar(&f.job.IdempotencyKey, "idempotency-key", "", "`KEY` that names this submission: for 24 hours, the same makes no second job")
	flags.StringVar(&f.wait, "wait", "", "wait until the job is finished, at most for `DURATION`")
	flags.Lookup("wait").NoOptDefVal = forever // --wait without a duration
	completes(cmd, "profile", profileNames())
	means(cmd, "timeout", "timeout_seconds", "event-succeeded", "events.succeeded", "event-failed", "events.failed", "event-canceled", "events.canceled")
}

// read fills in what the flags point to.
func (f *submitFlags) read(s *session) (err error) {
	if f.job.Type == "" {
		return wrongUse("--type is missing: say what kind of job it is")
	}
	if s.cmd.Flags().Changed("max-attempts") && f.job.MaxAttempts == 0 {
		return wrongUse("--max-attempts %d: there is at least 1; leave the flag out for the default", f.job.MaxAttempts)
	}
	if f.job.Input, err = s.in.json("--input", f.input); err != nil {
		return err
	}
	if f.job.Metadata, err = s.in.json("--metadata", f.metadata); err != nil {
		return err
	}
	if f.job.RunAt, err = parseFuture("--run-at", f.runAt, s.out.now); err != nil {
		return err
	}
	if f.job.TimeoutSeconds, err = wholeSeconds("--timeout", f.timeout); err != nil {
		return err
	}
	if s.cmd.Flags().Changed("include-result") {
		f.job.IncludeResult = client.Set(f.includeResult)
	}
	return nil
}

func (f *submitFlags) submit(s *session) error {
	patience, err := parsePatience("--wait", f.wait)
	if err != nil {
		return err
	}
	if err := f.read(s); err != nil {
		return err
	}
	j, err := s.api.SubmitJob(s.ctx(), f.job)
	if err != nil {
		return err
	}
	if j.Replayed {
		s.out.notef("This job was submitted before, with the same --idempotency-key.")
	}
	if f.wait == "" {
		return s.showJob(j, false)
	}
	if !s.out.json {
		s.out.notef("%s was submitted.", j.ID)
	}
	return s.await([]string{j.ID}, patience)
}

// parsePatience reads how long to wait; 0 = until the end.
func parsePatience(flag, text string) (time.Duration, error) {
	if text == "" || text == forever {
		return 0, nil
	}
	d, err := parseSpan(text)
	switch {
	case err != nil:
		return 0, wrongUse("%s: %w", flag, err)
	case d <= 0:
		return 0, wrongUse("%s %s: it must be more than 0", flag, text)
	}
	return d, nil
}
