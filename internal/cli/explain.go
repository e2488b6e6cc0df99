package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

// explain says what an error of the API means for who typed the command: which
// flag is at fault, and what to do.
func (s *session) explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[exitError](err); ok {
		return err
	}
	if s.ctx().Err() != nil && errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	server := s.connection.server
	if e, ok := errors.AsType[*client.Error](err); ok {
		return s.explainAnswer(e)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no server answers at %s (from %s); start one with `ringback dev`, or name another with --server", server.value, server.source)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Errorf("the server %s (from %s) is not found: %w; name another with --server", server.value, server.source, dns)
	}
	if client.Temporary(err) {
		return fmt.Errorf("the server %s (from %s) cannot be reached: %w", server.value, server.source, err)
	}
	return err
}

// explainAnswer explains an answer other than 2xx.
func (s *session) explainAnswer(e *client.Error) error {
	key, server, account := s.connection.key, s.connection.server, s.connection.account
	switch {
	case e.Code == ringback.CodeUnauthorized:
		return fmt.Errorf("the server %s does not know the key, which came from %s; give another with --key or RINGBACK_KEY", server.value, key.source)
	case e.Code == ringback.CodeMissingScope:
		return fmt.Errorf("%s (missing_scope); the key came from %s", e.Message, key.source)
	case e.Code == ringback.CodeOperatorOnly:
		return fmt.Errorf("%s (operator_only); the key came from %s: give an operator's with --key or RINGBACK_KEY", e.Message, key.source)
	case e.Code == "" && e.Message == "":
		return fmt.Errorf("the server %s (from %s) answered %d %s, and not as Ringback does; is it the right --server?", server.value, server.source, e.Status, http.StatusText(e.Status))
	case e.Code == ringback.CodeNotFound && account.value != "" && strings.Contains(e.Message, strconv.Quote(account.value)):
		return fmt.Errorf("%s (not_found); it came from %s", e.Message, account.source)
	case len(e.Errors) > 0:
		return errors.New(s.explainFields(e))
	case e.Code != "":
		return fmt.Errorf("%s (%s)", e.Message, e.Code)
	default:
		return e
	}
}

// explainFields says what is wrong, with the flags' names instead of the API's.
func (s *session) explainFields(e *client.Error) string {
	lines := make([]string, len(e.Errors))
	for i, f := range e.Errors {
		name := f.Field
		if flag, entry := s.flagOf(f.Field); flag != "" {
			name = strings.TrimSuffix("--"+flag+" "+entry, " ")
		}
		lines[i] = name + ": " + f.Reason
		if f.Field == "Ringback-Account" {
			lines[i] = s.explainAccount(f.Reason)
		}
		if name == "secret" {
			lines[i] += "; give another with --secret"
		}
	}
	return strings.Join(lines, "\n") + " (" + string(e.Code) + ")"
}

// flagOf is the flag that sets a member, parameter or header of the API, or "",
// and which entry of its value is meant: of "headers.X-Env" it is --header and
// X-Env.
func (s *session) flagOf(field string) (flag, entry string) {
	if flag := s.flagNamed(field); flag == "secret" {
		return s.secretFlag(), ""
	} else if flag != "" {
		return flag, ""
	}
	end := strings.IndexAny(field, "./[")
	if end < 0 {
		return "", ""
	}
	entry = strings.TrimLeft(field[end:], "./")
	if strings.HasPrefix(entry, "[") { // the reason repeats the value
		entry = ""
	}
	return s.flagNamed(field[:end]), entry
}

// explainAccount says what is wrong with the account.
func (s *session) explainAccount(reason string) string {
	if account := s.connection.account; account.value != "" {
		return fmt.Sprintf("--account (from %s): %s", account.source, reason)
	}
	return fmt.Sprintf("--account is missing: the key, which came from %s, is an operator's; say with --account ID for which account it acts", s.connection.key.source)
}

// secretFlag is the flag that was given about the secret, or "": an endpoint's
// own may not fit what changes.
func (s *session) secretFlag() string {
	for _, name := range []string{"secret", "secret-file", "unsigned"} {
		if f := s.cmd.Flags().Lookup(name); f != nil && f.Changed {
			return name
		}
	}
	return ""
}

// flagNamed is the flag that sets exactly this.
func (s *session) flagNamed(member string) string {
	found := ""
	s.cmd.Flags().VisitAll(func(f *pflag.Flag) {
		sets := strings.ReplaceAll(f.Name, "-", "_")
		if a := f.Annotations[apiMember]; a != nil {
			sets = a[0]
		}
		if strings.EqualFold(sets, strings.ReplaceAll(member, "-", "_")) || strings.EqualFold(sets, member) {
			found = f.Name
		}
	})
	return found
}

// hopeless says whether other calls will fail for the same reason.
func (s *session) hopeless(err error) bool {
	switch client.CodeOf(err) {
	case ringback.CodeUnauthorized, ringback.CodeMissingScope, ringback.CodeOperatorOnly, ringback.CodeTooManyFailures:
		return true
	case "":
		return true // there was no answer of the API at all
	default:
		return s.ctx().Err() != nil
	}
}
