# `make test` needs Go alone. RACE=-race turns the race detector on (needs a C
# compiler); CI does. With it the tests of the engine take minutes: fake time has
# much to do.
RACE ?=
GOLANGCI_LINT_VERSION = v2.15.0

.PHONY: test test/postgres lint fmt demo fuzz bench build

# Where PostgreSQL is not found, its tests are skipped, and the last lines say
# so. RINGBACK_TEST_POSTGRES may name a server by its URL; RINGBACK_TEST_CRASHES=20
# tries each crash of e2e so often (that takes longer than TIMEOUT).
TIMEOUT ?= 20m
test: PACKAGES = ./...
test/postgres: PACKAGES = $$(go list ./... | grep -E '/(internal/(pgtest|store/postgres|cluster|bench)|e2e)(/|$$)')
test test/postgres:
	@skips=$$(mktemp) && status=0; \
	RINGBACK_TEST_SKIPS=$$skips go test -timeout $(TIMEOUT) $(RACE) $(PACKAGES) || status=$$?; \
	if [ -s $$skips ]; then echo; echo "Skipped on this machine:"; cat $$skips; fi; \
	rm -f $$skips; exit $$status

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt'ed:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION) run ./...

fmt:
	gofmt -w .

demo:
	go run ./cmd/ringback demo

# Each fuzz target for a while; their seeds also run with `make test`.
FUZZTIME ?= 30s
fuzz:
	@for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; \
	done

bench:
	go test -run '^$$' -bench . -benchmem ./...

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o dist/ringback ./cmd/ringback
