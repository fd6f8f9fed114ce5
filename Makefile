# Everything one does with Larder. `make help` lists it.
SHELL := /bin/bash
PREFIX ?= /usr/local
ARGS ?=
VENV := .venv

.PHONY: help run build test test-swift test-simulation test-end-to-end test-fuzz check sanitize bench bench-micro fuzz format docs install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## install what is missing, build, start the server (ARGS="--memory 1GiB ...")
	exec .build/release/larder serve $(ARGS)

build: ## install what is missing and build the release binary
	scripts/install-dependencies
	swift build -c release --product larder

test: test-swift test-simulation test-fuzz test-end-to-end ## install the test tools and run every test

test-swift: ## the Swift tests
	scripts/install-dependencies
	swift test

test-simulation: ## clients and a server in one thread: 10,000 runs, each drawn from its seed (SEEDS=10000)
	scripts/install-dependencies
	swift run -c release larder-simulation --seeds $(or $(SEEDS),10000)

test-fuzz: ## two seconds of each fuzz target, after what failed once
	scripts/install-dependencies
	Fuzz/run 2

test-end-to-end: build ## the end-to-end tests: grpcio, grpclib, grpcurl against the real binary
	scripts/install-test-tools
	swift build --product codec-oracle
	swift build --product interop-server
	swift build --product in-process-example
	$(VENV)/bin/python -m pytest Tests/EndToEnd -q

check: ## walls between the targets, style, generated files, lint of the contract, sanitizers
	scripts/check

sanitize: ## Swift tests with the thread and the address sanitizer
	scripts/install-dependencies
	scripts/sanitize

bench: build ## a short measurement beside gRPC C++ and Go, Redis, Valkey, memcached and a floor in C
	scripts/install-bench-tools
	swift build -c release --product larder-microbench
	$(VENV)/bin/python Benchmarks/Load/bench.py $(ARGS)

bench-micro: ## nanoseconds an operation of the cache, the codec and the HTTP/2 session (ARGS="get set")
	scripts/install-dependencies
	swift build -c release --product larder-microbench
	.build/release/larder-microbench $(ARGS)

fuzz: ## 60 seconds of each fuzz target (SECONDS_EACH=60)
	scripts/install-dependencies
	Fuzz/run $(or $(SECONDS_EACH),60)

format: ## format the Swift sources in place
	swift format -i -r Sources Tests Fuzz Package.swift

docs: ## build the DocC pages of the LarderCache library
	scripts/build-docs

install: ## install a binary that needs no Swift under PREFIX (/usr/local)
	scripts/install-dependencies
	swift build -c release --product larder --static-swift-stdlib --scratch-path .build-static
	install -D -s -m 0755 .build-static/release/larder $(DESTDIR)$(PREFIX)/bin/larder

clean: ## remove everything that was built
	rm -rf .build .build-* $(VENV) Tests/EndToEnd/generated
