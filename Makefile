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
AT = $(DESTDIR)$(PREFIX)
VECTORS ?= ../shared/vectors
KILLS ?= 200
TIME ?= 1m

all: generate ## build bin/intelpipe, bin/intelpipe-full and a link for each command
	$(BUILD) -o bin/ ./cmd/intelpipe ./cmd/intelpipe-full
	bin/intelpipe --install-links bin

generate: ## renew what is generated from the commands' packages
	@$(GO) run ./internal/dev/gen

demo: all ## run the main job over sample feeds, see events.ndjson
	@scripts/demo

check: ## run all tests, and install the servers they need if root
	@scripts/check

conformance: ## compare with the vectors of the reference, VECTORS=DIR
	@INTELPIPE_VECTORS=$(abspath $(VECTORS)) GO=$(GO) scripts/conformance

test: ## run the cases of one command and show what differs, TOOL=expert-url
	@test -d "testdata/$(or $(TOOL),none)" || { echo "make test: there are no cases in testdata/$(TOOL); write make test TOOL=expert-url"; exit 2; }
	@$(GO) test ./cmd/intelpipe -count=1 -run '^TestCases$$/^$(TOOL)$$'

update: ## rewrite the expected output of the cases of one command, TOOL=expert-url
	INTELPIPE_UPDATE=$(TOOL) $(GO) test ./cmd/intelpipe -count=1 -run 'TestCases'

bench: all ## measure against a byte copy, jq and Miller
	@scripts/bench

fuzz: ## give each fuzz target inputs for a while, TIME=1m
	@scripts/fuzz $(TIME)

chaos: ## kill processes at random and count what arrives, KILLS=200
	@scripts/chaos $(KILLS)

standalone: ## build one command by itself, TOOL=expert-url
	$(BUILD) -o bin/standalone/$(TOOL) ./cmd/$(TOOL)

install: all ## install below PREFIX
	install -d $(addprefix $(AT)/,bin lib/systemd/system share/man/man1 share/man/man5 share/man/man7 share/bash-completion/completions)
	install -d $(addprefix $(AT)/share/doc/intelpipe/,collect pipeline cron.d)
	install -m 755 bin/intelpipe bin/intelpipe-full scripts/cron/intelpipe-cron $(AT)/bin
	$(AT)/bin/intelpipe --install-links $(AT)/bin
	install -m 644 man/*.1 $(AT)/share/man/man1
	install -m 644 man/*.5 $(AT)/share/man/man5
	install -m 644 man/*.7 $(AT)/share/man/man7
	install -m 644 scripts/completion.bash $(AT)/share/bash-completion/completions/intelpipe
	install -m 644 scripts/systemd/*.service scripts/systemd/*.timer $(AT)/lib/systemd/system
	install -m 644 scripts/systemd/collect/*.sh $(AT)/share/doc/intelpipe/collect
	install -m 644 scripts/systemd/pipeline/*.sh $(AT)/share/doc/intelpipe/pipeline
	install -m 644 scripts/cron/intelpipe $(AT)/share/doc/intelpipe/cron.d
	sed -i 's|/usr/local/bin|$(PREFIX)/bin|g' $(AT)/lib/systemd/system/intelpipe-* $(AT)/share/doc/intelpipe/cron.d/intelpipe

clean: ## remove what was built
	rm -rf bin events.ndjson

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

.PHONY: all generate demo check fuzz chaos test conformance update bench standalone install clean help
