package ringback

// The types of the events that the operator's own account gets about all
// others.
const (
	EventEndpointFailing   = "endpoint.failing"   // every attempt failed for a minute or more
	EventEndpointRecovered = "endpoint.recovered" // a call was answered after that
	EventEndpointDisabled  = "endpoint.disabled"  // by its receiver's fault, not by its owner
	EventDeliveryExhausted = "delivery.exhausted" // its schedule is used up: it failed
)
