// Package client calls the HTTP API of a Ringback server: one method per
// operation, named as the operation is in the server's /openapi.json.
//
//	c, err := client.New("https://ringback.example.com", os.Getenv("RINGBACK_KEY"))
//	job, err := c.SubmitJob(ctx, client.SubmitJobParams{Type: "inspect", Input: input})
//
// # Types
//
// What goes over the wire has types of this package, whose members are named as
// in the API document: a number of seconds is an int called …Seconds, as there.
// They are not the server's own, so that a program that imports this package
// depends on the protocol and not on the server's insides. Words with a fixed
// meaning (statuses, scopes, error codes) are those of package ringback, which
// is the vocabulary of both sides and imports the standard library alone.
//
// Answers may gain members; unknown ones are ignored.
//
// # Errors
//
// An answer other than 2xx is an [*Error] with the code that the server gave:
//
//	if errors.Is(err, &client.Error{Code: ringback.CodeNotFound}) { … }
//
// # Retries
//
// Calls that can be repeated without harm are, where trying again may help (see
// [Temporary]): a connection that fails, 429, 502, 503 and 504. Those calls are all
// Get… and List… methods but those about health; SubmitJob and PublishEvent, which are sent with an
// Idempotency-Key; and HeartbeatJob, CompleteJob and FailJob, which the lease
// token fences. The others are made once. Pauses between tries double from
// 200 ms to 5 s, each shortened at random by up to a half; a Retry-After that is
// longer is kept to, and one above 30 s is left to the caller. No pause
// outlasts the context.
package client
