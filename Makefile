# Everything is started here; CI calls nothing else. `make` alone lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
FAST := not slow and not process and not browser and not postgres
# Tests of one module stay in one worker: they share what they started.
PYTEST := $(BIN)/pytest -n 2 --dist loadscope

.PHONY: help setup run test check lint docs lock bench shots worlds clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS='	' read -r t d; do printf '  make %-7s %s\n' "$$t" "$$d"; done

setup: ## make .venv with everything for tests and checks
	@tools/setup dev

run: ## start the demo hotel; Ctrl-C ends it
	@tools/setup base
	@exec $(BIN)/watchword up --demo --data data/demo

test: setup lint ## every check and every test; installs Chromium and strace when root
	@tools/system-needs
	@rm -f .coverage .coverage.*
	$(PYTEST) --cov --cov-report=
	$(BIN)/coverage report --include='src/watchword/core/*,src/watchword/wire/*' --fail-under=100

check: setup lint ## the quick half, under two minutes
	$(PYTEST) -q -m '$(FAST)'

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/docs.py --check

docs: setup ## write generated pages and vectors anew
	$(BIN)/python tools/docs.py

lock: setup ## compile requirements/*.txt with hashes from requirements/*.in
	@$(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	@cd requirements && for set in build base dev; do \
	  env -u PIP_FIND_LINKS ../$(BIN)/uv pip compile --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    -q $$set.in -o $$set.txt || exit 1; done

bench: setup ## measure the budgets and print them
	@if [ -f tools/bench.py ]; then exec $(BIN)/python tools/bench.py; \
	else echo "make bench: tools/bench.py is not there yet" >&2; exit 2; fi

shots: setup ## take the screenshots that README and docs show
	@tools/system-needs
	WATCHWORD_KEEP_PICTURES=1 $(BIN)/pytest -n 0 tests/browser/test_screens.py

worlds: setup ## compare two worlds that differ only in the code that was typed
	@tools/system-needs
	$(BIN)/pytest -n 0 tests/worlds

clean: ## remove what make made, but no data
	rm -rf .venv build .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
