# make            build bin/intelpipe and a link for each command
# make demo       run the main job over sample feeds
# make check      run all tests
# make help       list the rest

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS = -s -w -X github.com/intelpipe/intelpipe/internal/tool.Version=$(VERSION)
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)'
PREFIX ?= /usr/local
DESTDIR ?=
VECTORS ?= ../shared/vectors

all: generate ## build bin/intelpipe and a link for each command
	$(BUILD) -o bin/intelpipe ./cmd/intelpipe
	bin/intelpipe --install-links bin

generate: ## renew what is generated from the commands' packages
	@$(GO) run ./internal/gen

demo: all ## run the main job over sample feeds, see events.ndjson
	@scripts/demo

check: ## run all tests, and install the servers they need if root
	@scripts/check

conformance: ## compare with the vectors of the reference, VECTORS=DIR
	@INTELPIPE_VECTORS=$(abspath $(VECTORS)) GO=$(GO) scripts/conformance

update: ## rewrite the expected output of the cases of one command, TOOL=expert-url
	INTELPIPE_UPDATE=$(TOOL) $(GO) test ./cmd/intelpipe -count=1 -run 'TestCases'

bench: all ## measure against a byte copy, jq and Miller
	@scripts/bench

standalone: ## build one command by itself, TOOL=expert-url
	$(BUILD) -o bin/standalone/$(TOOL) ./cmd/$(TOOL)

install: all ## install below PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 bin/intelpipe $(DESTDIR)$(PREFIX)/bin/intelpipe
	$(DESTDIR)$(PREFIX)/bin/intelpipe --install-links $(DESTDIR)$(PREFIX)/bin
	install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 man/*.7 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 scripts/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/intelpipe

clean: ## remove what was built
	rm -rf bin events.ndjson

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

.PHONY: all generate demo check conformance update bench standalone install clean help
