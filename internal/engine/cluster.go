package engine

import (
	"github.com/ringback/ringback/internal/nodes"
	"github.com/ringback/ringback/internal/store"
)

// nodeHandlers are told what happens among the nodes that share the store.
func (e *Engine) nodeHandlers() nodes.Handlers {
	return nodes.Handlers{
		Log:  e.log,
		Lost: e.dispatcher.Lost,
		Changed: func() {
			e.dispatcher.LookParked()
			select {
			case e.abandoned <- struct{}{}:
			default:
			}
		},
		Freed: e.dispatcher.LookDue,
		Heard: e.hear,
	}
}

// hear takes note of what another node tells.
func (e *Engine) hear(s store.Signal) {
	switch s.Kind {
	case store.SignalMissed:
		e.hearMissed()
	case store.SignalAccount:
		e.directory.forgetProfiles(s.AccountID)
		e.dispatcher.TargetsChanged(s.AccountID)
	case store.SignalKeys:
		e.keys.clear()
	case store.SignalReady:
		e.idle.notify(readyJob{accountID: s.AccountID, jobType: s.Name, several: true})
	case store.SignalFinished:
		e.finished.notify(s.Name)
	case store.SignalTimers:
		e.jobTimer.set(e.now())
	case store.SignalCanceled:
		if s.Name == "" {
			e.dispatcher.LookLeases()
		} else {
			e.dispatcher.Drop(s.Name)
		}
	case store.SignalDue:
		e.dispatcher.LookDue()
	case store.SignalParked:
		e.dispatcher.Parked(s.Name)
	}
}

// hearMissed forgets what may have changed, and looks at everything. Waiting
// workers and callers look by themselves.
func (e *Engine) hearMissed() {
	e.directory.forgetAll()
	e.keys.clear()
	e.dispatcher.TargetsChanged("")
	e.dispatcher.LookDue()
	e.dispatcher.LookParked()
	e.dispatcher.LookLeases()
	e.jobTimer.set(e.now())
}
