# Everything runs in .venv, which is made and brought up to date when it is needed.
# PYTHON=python3.12 chooses the interpreter that it is made with.
# make demo takes DATA= and POOL= (recorded answers), LLMS= (a folder of real LLMs' descriptors), KEEP=1.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
NOT_INSTALLED = { echo "not installed: expected a network and 8 GB of disk, $(INSTALL_LOG) says what failed; then run make again" >&2; exit 1; }
INSTALL_LOG := $(VENV)/install.log

# Tests start hundreds of processes: none is to compile its modules again, or to spin in threads that wait for a core.
unexport PYTHONDONTWRITEBYTECODE
test: export OPENBLAS_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint up bench clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Show a fleet at work: trained, used, disturbed
	@$(BIN)/pointsman demo $(if $(DATA),--data "$(DATA)") $(if $(POOL),--pool "$(POOL)") \
		$(if $(LLMS),--llms "$(LLMS)") $(if $(KEEP),--keep)

test: lint ## Lint, then run every test on real Kafka and Postgres
	$(BIN)/pytest -m "not e2e" -n 4 --dist loadfile --no-loadscope-reorder
	$(BIN)/pytest -m e2e -n 4 --dist loadfile -rP --show-capture=stdout

lint: $(INSTALLED) ## Check style, types and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

up: $(INSTALLED) ## Run the fleet here, with simulated LLMs
	$(BIN)/pointsman up

bench: $(INSTALLED) ## Measure the routing path
	$(BIN)/python -m benchmarks.routing_path

clean: ## Remove the environment and all caches of it
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "expected Python 3.11 or newer, found $$($(PYTHON) --version 2>&1); try: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Kafka's jars are fetched here too, so that nothing after this needs a network.
$(INSTALLED): pyproject.toml requirements.lock | $(BIN)/python
	@echo "installing into $(VENV), about a minute; only this needs a network"
	@{ $(BIN)/python -m pip install --disable-pip-version-check uv && \
		$(BIN)/uv pip install --python $(BIN)/python -r requirements.lock && \
		$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation --editable . && \
		$(BIN)/python -m pointsman.local.kafka; } >$(INSTALL_LOG) 2>&1 || $(NOT_INSTALLED)
	@touch $@
