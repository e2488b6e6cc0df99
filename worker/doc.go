// Package worker does the jobs of a Ringback server: it leases them, keeps the
// leases alive while a function of yours works, and reports what came of it.
//
//	w, err := worker.New(c, map[string]worker.Handler{"inspect": inspect}, worker.Concurrency(4))
//	err = w.Run(ctx) // until ctx ends
//
// # What a handler returns
//
// A nil error completes the job with the value, which encoding/json must be able
// to write; a [Result] also says what the job turned out to be about. An error
// fails the job, for good, and its text is told to the customer; one made by
// [Retry] has the job queued again, if it has attempts left. A panic fails the
// job without telling the customer about the stack, which is logged. A result
// that the server refuses (it is larger than 1 MiB, say) fails the job, too.
//
// # The handler's context
//
// It ends, and the handler should return soon, in three cases; context.Cause
// tells which. When the job's time is up ([ErrTimeout]) and when the worker is
// stopped and its grace period is over ([ErrStopped]) the job is queued again,
// if it has attempts left, unless the handler has a result all the same. When
// the lease is lost ([ErrLeaseLost]: the job was canceled, or no heartbeat got
// through for as long as the lease is) nothing is reported: the job is not this
// worker's any more. Another worker may have it by then, so a handler must bear
// that a job is done twice.
//
// A handler that goes on after that keeps its place among the concurrent ones,
// and keeps Run from returning.
package worker
