.DEFAULT_GOAL := help
SHELL := /bin/bash
STACK ?= dev
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIBRARIES := $(VENV)/.libraries
READY := $(VENV)/.ready
PACK_VENV := .venv-policies
PACK_READY := $(PACK_VENV)/.ready

.PHONY: help setup libraries preview test lint types unit e2e tools policy-pack up golden golden-spot engine-facts bench bench-affinity bench-capacity bench-edge bench-elasticity bench-loader bench-rollouts bench-warmup faults hostile lock format clean

help: ## print the targets
	@grep -hE '^[a-z0-9-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(READY) ## make .venv with everything in it

# What a preview needs, which is a third of everything.
$(LIBRARIES): requirements.txt pyproject.toml .ci/byte-compile
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "tokenfleet needs Python 3.11 or later, this is %d.%d: make setup PYTHON=python3.12" % v[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "1 of 3: the libraries of the program"
	$(BIN)/python -m pip install --no-compile --require-hashes --requirement requirements.txt --requirement <(sed -n '/^setuptools==/,/# via/p' requirements-dev.txt)
	@echo "2 of 3: the command"
	$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	@echo "3 of 3: a first preview, to compile what every later one loads"
	$(BIN)/python .ci/byte-compile
	@touch $@

$(READY): $(LIBRARIES) requirements-dev.txt
	@echo "what tests and linters need"
	$(BIN)/python -m pip install --no-compile --require-hashes --requirement requirements-dev.txt
	@touch $@

libraries: $(LIBRARIES) ## make .venv with what a preview and a review need

preview: $(LIBRARIES) ## show what a stack builds and costs (STACK=dev)
	$(BIN)/tokenfleet preview $(STACK)

test: setup lint types unit ## lint, types, unit tests

lint: setup ## style and import rules
	$(BIN)/shellcheck -x .ci/run .github/actions/review/review userdata/model-cache userdata/model-loader userdata/compile-artifacts userdata/load-compiled userdata/bake-image userdata/baked-image userdata/bake-weights userdata/warm-node userdata/edge-drain tests/newcomer/first-hour
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache

types: setup ## strict type check
	$(BIN)/basedpyright

unit: setup ## tests that need no server
	$(BIN)/pytest -m "not e2e" --numprocesses auto

e2e: setup policy-pack ## tests against real servers on this machine
	$(BIN)/pytest -m e2e

tools: setup ## build the control plane and install the engine that e2e tests run (needs Go and 8 GiB, about five minutes once)
	$(BIN)/python -m tests.cluster.tools
	$(BIN)/python -m tests.engine.install

policy-pack: $(PACK_READY) ## make the environment of the policy pack, for pulumi up --policy-pack policies

$(PACK_READY): policies/requirements.txt
	@test -x $(PACK_VENV)/bin/python || $(PYTHON) -m venv $(PACK_VENV)
	$(PACK_VENV)/bin/python -m pip install --no-compile --require-hashes --requirement policies/requirements.txt
	@touch $@

up: setup ## deploy a stack (needs the Pulumi CLI and AWS credentials)
	pulumi up --stack $(STACK)

golden: setup ## write what machines execute into tests/golden (look at the diff)
	$(BIN)/pytest tests/views/test_golden.py tests/settings/test_reference.py tests/plan/edge/test_configuration.py tests/plan/nodes/test_user_data.py tests/test_cold_start_page.py tests/test_cost_page.py tests/test_compare_page.py tests/test_json_page.py tests/review/test_recorded_changes.py tests/test_review_page.py tests/newcomer --write-golden

golden-spot: setup ## run fallback and return once more and draw docs/spot-run.svg of it (needs make tools)
	$(BIN)/pytest tests/cluster/capacity -k two_notices --write-golden

engine-facts: setup ## ask the pinned engine anew what it serves, and how large it makes models (6 minutes)
	$(BIN)/python -m tests.engine.config_defaults
	$(BIN)/python -m tests.engine.sizes --write

bench: setup ## measure what the docs claim
	$(BIN)/python -m bench.preview
	$(BIN)/python -m bench.review
	$(BIN)/python -m bench.cost
	bench/economics

bench-affinity: setup ## what it brings that requests which begin alike meet the same replica (five minutes)
	$(BIN)/python -m bench.affinity

bench-capacity: setup ## what the capacity policy reaches beside others, and how fast a year is replayed
	$(BIN)/python -m bench.capacity

bench-elasticity: setup ## what the default rule of scaling serves, sheds and costs beside others (some minutes)
	$(BIN)/python -m bench.elasticity
	$(BIN)/python -m bench.elasticity --small
	$(BIN)/python -m bench.elasticity --lab

bench-edge: setup ## measure what the edge costs a request, and what is lost when a replica fails (seven minutes)
	bench/edge
	bench/edge --faults

bench-loader: setup ## measure how fast a node gets its weights (needs root)
	$(BIN)/python -m bench.loader

bench-rollouts: setup ## count what 40 rollouts under traffic lose, half of them on a busy machine (an hour and a half)
	$(BIN)/python -m bench.rollouts --times 20
	$(BIN)/python -m bench.rollouts --times 20 --busy 2

bench-warmup: setup ## measure what compiled code and byte code save of an engine's start (a quarter of an hour)
	bench/warmup

faults: setup ## 200 random faults around the weight loader
	$(BIN)/python -m bench.loader_faults --runs 200

hostile: setup ## 10,000 stack files, configurations and price files with something wrong in them
	$(BIN)/python -m bench.hostile_input --cases 10000

lock: setup ## renew the locked requirements, releases at least a week old
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --exclude-newer "7 days" --upgrade --custom-compile-command "make lock" pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --exclude-newer "7 days" --upgrade --custom-compile-command "make lock" --extra dev --constraint requirements.txt pyproject.toml --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --exclude-newer "7 days" --upgrade --custom-compile-command "make lock" --override tests/engine/overrides.txt tests/engine/requirements.in --output-file tests/engine/requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --exclude-newer "7 days" --upgrade --custom-compile-command "make lock" --group policy-pack --output-file policies/requirements.txt

format: setup ## format and fix what can be fixed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## remove what setup made
	rm -rf $(VENV) $(PACK_VENV) build *.egg-info
