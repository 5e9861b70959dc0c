# logatlas: what people do with it. Needs cargo, a C compiler, make, node and npm.
CARGO ?= cargo
NPM ?= npm
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: demo test check web bench golden install audit clean

## Build everything and show a made-up day of traffic in the browser.
demo: web
	@echo "building logatlas; from nothing this takes 20 to 30 minutes on two cores, later seconds"
	$(CARGO) build --locked
	$(CARGO) run --locked --quiet -- demo

## Everything that can fail: Rust, web, browser.
test: web
	$(CARGO) test --locked
	cd web && $(NPM) test
	$(MAKE) browser

.PHONY: browser
browser: web
	$(CARGO) build --locked
	sh tests/browser.sh

## Format, lints, types.
check: web
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	cd web && $(NPM) run check

## The web view; cargo embeds web/dist.
web: web/dist/index.html

web/node_modules/.stamp: web/package-lock.json web/package.json
	cd web && $(NPM) ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.stamp $(shell find web/src web/index.html web/vite.config.ts -type f 2>/dev/null)
	cd web && $(NPM) run build

## Benchmarks, in the release profile: a cold build of its own.
bench:
	$(CARGO) bench --locked

## Write the golden files anew; read the difference before committing it.
golden:
	INSTA_UPDATE=always $(CARGO) test --locked

## An optimised binary in ~/.cargo/bin.
install: web
	WEB_REQUIRED=1 $(CARGO) install --locked --path .

## Known faults of dependencies; needs the network and cargo-audit.
audit:
	$(CARGO) audit
	cd web && $(NPM) audit --omit=dev

clean:
	$(CARGO) clean
	rm -rf web/dist web/node_modules
