# What people and CI run; `make` alone lists it.
# A fresh machine needs Python 3.11 (with venv), Node.js 20 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := $(VENV)/.dependencies
AZURITE := local/azurite/node_modules/.installed-lock.json
# Options for `make start` and `make services`, for example make start ARGS=--free-ports
ARGS ?=
# Options for pytest, for example make test PYTEST_ARGS="-k echo"
PYTEST_ARGS ?=

# How many requests `make fuzz` makes up for each operation, from which seed, and how long it may take
FUZZ_EXAMPLES ?= 200
FUZZ_SEED ?= $(shell date +%s)
FUZZ_SECONDS ?= 7200

export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup start services test fuzz lint clean bench-import

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(DEPENDENCIES) $(AZURITE) ## Install what everything below needs

start: setup ## Start the workbench with all that it needs, on this machine
	@$(BIN)/python -m local start $(ARGS)

services: setup ## Start all but the Functions host, for `func start`
	@$(BIN)/python -m local services $(ARGS)

test: setup lint ## Check and test everything
	$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

fuzz: setup ## Make up many requests from the description of the API
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) FUZZ_SEED=$(FUZZ_SEED) FUZZ_TIMEOUT_SECONDS=$(FUZZ_SECONDS) \
		$(BIN)/python -m pytest tests/fuzz $(PYTEST_ARGS)

lint: $(DEPENDENCIES) ## Check style, types and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports

clean: ## Remove the local data
	rm -rf .local

bench-import: $(DEPENDENCIES) ## Measure what importing the function app costs
	$(BIN)/python benchmarks/import_time.py

# The stamp is newer than the requirements that are installed.
$(DEPENDENCIES): requirements.txt requirements-dev.txt
	$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@

$(AZURITE): local/azurite/package-lock.json | $(DEPENDENCIES)
	$(BIN)/python -c "from local.azurite import install; install()"
	touch $@
