// Package ringback is the vocabulary of the program: plain types of jobs,
// events, endpoints, deliveries, accounts and keys, the states they pass
// through, the rules that hold for them wherever they are, and the codes of
// the errors that every layer speaks.
//
// It imports the standard library alone and does no input or output. Times
// are UTC with microsecond resolution; JSON values are kept as the bytes that
// internal/body made of them.
package ringback
