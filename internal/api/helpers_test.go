package api_test

import (
	"github.com/ringback/ringback/internal/api"
	"github.com/ringback/ringback/internal/egress"
	"github.com/ringback/ringback/ringback"
)

func uuid(id string) string { return ringback.UUID(id) }

// publicURL gives the server a fixed address.
func publicURL(_ *egress.Config, c *api.Config) { c.PublicURL = "https://ringback.example/base/" }
