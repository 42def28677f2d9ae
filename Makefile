# The only door for a developer. `make test` is what CI runs.
.PHONY: demo test check fast live lint types bench docs lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

demo: $(VENV)/.ready          ## set up, then run the main job with real runs
	@$(BIN)/orcaops demo

test: $(VENV)/.dev-ready      ## set up everything, then lint, types, contracts and all tests
	@scripts/test

check: lint types             ## what takes seconds

lint: $(VENV)/.dev-ready
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

types: $(VENV)/.dev-ready
	$(BIN)/mypy

fast: $(VENV)/.dev-ready      ## the tests that need neither engine nor database server
	$(BIN)/pytest -q -n auto -m "not live and not postgres and not slow"

live: $(VENV)/.dev-ready      ## the tests with a real engine
	@scripts/with-live-services $(BIN)/pytest -q -m "live or postgres"

bench: $(VENV)/.dev-ready     ## ratios against named rivals, measured side by side
	@scripts/with-live-services $(BIN)/python -m benchmarks

docs: $(VENV)/.dev-ready      ## write the generated pages of docs/reference
	@$(BIN)/python docs/generate.py

lock: $(VENV)/.dev-ready      ## write the lock files anew: names, versions and hashes
	@scripts/lock

$(VENV)/.ready: pyproject.toml requirements.lock requirements-build.lock
	@scripts/install core

$(VENV)/.dev-ready: pyproject.toml requirements-dev.lock requirements-build.lock
	@scripts/install dev

clean:
	rm -rf $(VENV) .live .pytest_cache .mypy_cache .ruff_cache .hypothesis
