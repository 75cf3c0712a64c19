# What people and CI run; `make` alone lists it.
# A fresh machine needs Python 3.11 (with venv), Node.js 20 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := $(VENV)/.dependencies
CHECKOV := .venv-checkov/.dependencies
CHECKED := .venv-checkov/.checked
AZURITE := local/azurite/node_modules/.installed-lock.json
# Options for `make start` and `make services`, for example make start ARGS=--free-ports
ARGS ?=
# Options for pytest, for example make test PYTEST_ARGS="-k echo"
PYTEST_ARGS ?=

# How many requests `make fuzz` makes up for each operation, from which seed, and how long it may take
FUZZ_EXAMPLES ?= 200
FUZZ_SEED ?= $(shell date +%s)
FUZZ_SECONDS ?= 7200

# What `make faults` repeats, and how often
FAULT_TESTS := $(addprefix tests/api/test_,restart.py write_ahead.py unconfirmed_writes.py delivery.py \
	file_crashes.py transfer_crashes.py transfer_races.py share_upkeep.py)
FAULT_ROUNDS ?= 10

export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: bench help setup start services test test-official test-azure faults fuzz lint lint-infra infra-schemas services-official clean bench-import

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(DEPENDENCIES) $(AZURITE) $(CHECKOV) ## Install what everything below needs

start: setup ## Start the workbench with all that it needs, on this machine
	@$(BIN)/python -m local start $(ARGS)

services: setup ## Start all but the Functions host, for `func start`
	@$(BIN)/python -m local services $(ARGS)

services-official: $(DEPENDENCIES) ## The same with Microsoft's emulators, by Docker (compose.yaml)
	docker compose up --detach --build
	$(BIN)/python -m local.official

test: setup lint ## Check and test everything
	$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

test-official: setup ## Test the API against Microsoft's emulators, by Docker
	docker compose up --detach --build
	$(BIN)/python -m local.official --no-identity
	WORKBENCH_TEST_TARGET=official $(BIN)/python -m pytest -n 2 tests/api $(PYTEST_ARGS)

test-azure: setup ## Test the API of a deployment (docs/testing.md)
	WORKBENCH_TEST_TARGET=azure $(BIN)/python -m pytest tests/api $(PYTEST_ARGS)

faults: setup ## Kill, restart and refuse at the worst moments, several times over
	for round in $$(seq $(FAULT_ROUNDS)); do $(BIN)/python -m pytest -n 2 $(FAULT_TESTS) $(PYTEST_ARGS) || exit 1; done

fuzz: setup ## Make up many requests from the description of the API
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) FUZZ_SEED=$(FUZZ_SEED) FUZZ_TIMEOUT_SECONDS=$(FUZZ_SECONDS) \
		$(BIN)/python -m pytest tests/fuzz $(PYTEST_ARGS)

lint: $(DEPENDENCIES) lint-infra ## Check style, types, who may import whom, and infra/
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports

lint-infra: $(DEPENDENCIES) $(CHECKED) ## Check infra/: syntax, Azure's types, drift from the code, checkov
	$(BIN)/python -m pytest -q tests/infra --ignore tests/infra/test_checkov.py

infra-schemas: $(DEPENDENCIES) ## Make infra/schemas/ anew from what Microsoft publishes (142 MB)
	npm --prefix tests/infra/tools ci --ignore-scripts --no-audit --no-fund
	$(BIN)/python -m tests.infra.tools.generate

clean: ## Remove the local data
	rm -rf .local

bench: setup ## Measure how fast the API answers
	$(BIN)/python -m benchmarks.api $(ARGS)

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

# checkov pins older versions of what the application uses: it has an environment of its own.
$(CHECKOV): tests/infra/tools/checkov.txt
	$(PYTHON) -m venv .venv-checkov
	.venv-checkov/bin/python -m pip install --quiet -r $<
	touch $@

# It takes half a minute, so it runs only when something has changed.
$(CHECKED): $(CHECKOV) $(shell find infra -name '*.bicep') tests/infra/tools/checkov.py | $(DEPENDENCIES)
	$(BIN)/python -m tests.infra.tools.checkov
	touch $@
