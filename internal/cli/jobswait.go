package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/ringback"
)

// How long the server is asked to wait in one call. A person who looks on gets
// news sooner.
const (
	longPoll  = 30 * time.Second
	shownPoll = 3 * time.Second
)

// outage is how long a server that does not answer is asked again.
const outage = time.Minute

// errTimeout says that jobs were not finished in time.
var errTimeout = errors.New("the time was over")

func newJobsWait() *cobra.Command {
	var timeout string
	cmd := &cobra.Command{
		Use:   "wait ID…",
		Short: "Wait until jobs are finished, and print them",
		Long: "Wait until jobs are finished, and print them. The exit status is 0 if all have\n" +
			"succeeded, 1 if one failed or was canceled, 3 if --timeout was over before: the job that\n" +
			"was not finished then is printed as it is.",
		Args: someArgs("ID"),
	}
	cmd.Flags().StringVar(&timeout, "timeout", "", "`DURATION` to wait at most")
	return call(cmd, nil, func(s *session, args []string) error {
		patience, err := parsePatience("--timeout", timeout)
		if err != nil {
			return err
		}
		return s.await(args, patience)
	})
}

// await waits for jobs and prints each, the one that is not finished in time as
// it is; patience is for all together, 0 =
// without end.
func (s *session) await(ids []string, patience time.Duration) error {
	var deadline time.Time
	if patience > 0 {
		deadline = time.Now().Add(patience)
	}
	succeeded := true
	for i, id := range ids {
		j, err := s.awaitJob(id, deadline)
		late := errors.Is(err, errTimeout)
		if err != nil && !late {
			return err
		}
		if i > 0 && !s.out.json {
			if err := s.out.linef(""); err != nil {
				return err
			}
		}
		if err := s.showJob(j, false); err != nil {
			return err
		}
		if late {
			s.out.notef("ringback: %s is still %s after %s", j.ID, j.Status, patience)
			return exitError{statusTimeout}
		}
		succeeded = succeeded && j.Status == ringback.JobSucceeded
	}
	if !succeeded {
		return exitError{statusFailed}
	}
	return nil
}

// awaitJob waits for a job until the deadline; zero = without end. With
// errTimeout it gives the job as it is.
func (s *session) awaitJob(id string, deadline time.Time) (*client.Job, error) {
	p := startProgress(s.out.err, id)
	defer p.stop()
	poll := longPoll
	if p.shown() {
		poll = shownPoll
	}
	var answered time.Time // when the server last did
	for {
		wait := poll
		if !deadline.IsZero() {
			wait = min(wait, time.Until(deadline))
		}
		// Below a second it looks once more, without waiting.
		j, err := s.api.GetJob(s.ctx(), id, client.GetJobParams{WaitSeconds: max(int(wait/time.Second), 0)})
		switch {
		case err != nil && client.Temporary(err) && time.Since(answered) < outage:
			p.set("the server does not answer; trying again")
			if err := pause.For(s.ctx(), time.Second); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		case j.Status.Final():
			return j, nil
		case !deadline.IsZero() && time.Until(deadline) < time.Second:
			return s.lastLook(j, deadline)
		}
		answered = time.Now()
		p.set(fmt.Sprintf("%s, attempt %s", j.Status, attempts(j)))
	}
}

// lastLook waits for what is left of less than a second.
func (s *session) lastLook(j *client.Job, deadline time.Time) (*client.Job, error) {
	if err := pause.For(s.ctx(), time.Until(deadline)); err != nil {
		return nil, err
	}
	last, err := s.api.GetJob(s.ctx(), j.ID, client.GetJobParams{})
	if err == nil && !last.Status.Final() {
		err = errTimeout
	}
	return last, err
}
