# Node 24 and every tool come from the lockfile, so the machine needs only npm, make and a shell.
HOST_PATH := $(subst $(CURDIR)/node_modules/.bin:,,$(PATH))
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
SHELL := /bin/sh
.SHELLFLAGS := -ec
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

INSTALLED := node_modules/.package-lock.json
NODE := node --conditions=source
JEST := node --experimental-vm-modules --disable-warning=ExperimentalWarning --conditions=source node_modules/jest/bin/jest.js
SCRATCH := .millrace/generated

.PHONY: help demo dev token test fuzz check bench bench-full generate format build up down clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLED) ## take 1,000 orders through the whole system and check the books (ORDERS=n FILE=orders.csv KILL=payment KEEP=1)
	@$(NODE) tools/demo/src/main.ts

dev: $(INSTALLED) ## run the system with fixed ports, data kept between runs, restarting on change
	@$(NODE) tools/dev/src/main.ts

token: $(INSTALLED) ## print a development token (ROLE=customer|importer|admin SUBJECT=ada)
	@$(NODE) services/gateway/src/token.ts

test: $(INSTALLED) ## run the tests (T=libs/rpc narrows to a path)
	@$(JEST) $(T)

fuzz: $(INSTALLED) ## throw bad input at services and codecs, at full counts (FUZZ_SEED=n repeats a run)
	@FUZZ=full $(JEST) tests/fuzz libs/interceptors/src/tokens libs/contracts/src/codec

check: $(INSTALLED) ## types, lint, formatting, protos, generated code
	@echo check
	@$(call step,types,tsc -p tsconfig.json$(if $(wildcard bench/peers/gen), && tsc -p bench/peers))
	@$(call step,lint,eslint --max-warnings 0 .)
	@$(call step,formatting,prettier --check --log-level warn .)
	@$(call step,proto lint,cd protos && buf lint)
	@$(call step,proto format,cd protos && buf format --diff --exit-code)
	@$(call step,proto policies,$(NODE) libs/contracts/scripts/check-policies.ts)
	@$(call step,generated code,$(call generate_again) && diff -r protos $(SCRATCH)/protos && diff -r libs/contracts/gen $(SCRATCH)/libs/contracts/gen)

bench: $(INSTALLED) ## measure the kit against bare grpc-js and others, some ten minutes (B=unary narrows to a scenario)
	@$(NODE) bench/src/main.ts $(B)

bench-full: $(INSTALLED) ## the same with more and longer rounds, peers at every concurrency, about an hour
	@$(NODE) bench/src/main.ts --full $(B)

generate: $(INSTALLED) ## write the code that comes from the protos
	@$(call generate_in,.)

format: $(INSTALLED) ## format sources and protos
	@prettier --write --log-level warn .
	@cd protos && buf format -w

build: $(INSTALLED) ## compile to JavaScript, as the images run it
	@tsc -b tsconfig.build.json

up: ## start everything in containers and wait until it is healthy
	@docker compose up --build --wait

down: ## stop the containers, keep their data
	@docker compose down

clean: ## remove what was built and what development runs have stored
	@rm -rf .millrace coverage libs/*/dist services/*/dist tools/*/dist
	@find libs services tools -name '*.tsbuildinfo' -not -path '*/node_modules/*' -delete

# npm runs on the machine's own Node: it is about to replace the one in node_modules. No package's scripts are run.
$(INSTALLED): package-lock.json
	@echo 'installing what the lockfile names'
	@PATH="$(HOST_PATH)" npm ci --ignore-scripts --loglevel=error --no-audit --no-fund >/dev/null
	@touch $@

# A named step of a target: one line when it passes, its whole output when it does not.
define step
printf '  %-16s' '$(1)'; if output=$$($(2) 2>&1); then echo ok; else echo FAILED; printf '%s\n' "$$output"; exit 1; fi
endef

# protovalidate ships no .proto file, so that one is printed from its descriptor first.
define generate_in
$(NODE) libs/contracts/scripts/print-validate-proto.ts > $(1)/protos/buf/validate/validate.proto \
  && (cd $(1)/protos && buf format -w && buf generate)
endef

define generate_again
rm -rf $(SCRATCH) && mkdir -p $(SCRATCH)/libs/contracts && cp -r protos $(SCRATCH)/protos && $(call generate_in,$(SCRATCH))
endef
