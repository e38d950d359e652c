# The doors of this project; `make` alone names them. Everything they fetch or make lies in .venv and .cache.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help env demo up check test chaos soak kafka-jars s3-server browser axe postgres fuzz audit clean

# A fresh machine may run us without an environment; caches still need a place, and downloads the machine's certificates.
export HOME := $(or $(HOME),$(shell getent passwd "$$(id -u)" | cut -d: -f6),$(CURDIR)/.cache/home)
export UV_SYSTEM_CERTS ?= true
# Where Go installs itself; it is often not on the PATH.
export PATH := $(PATH):/usr/local/go/bin
export TELLTALE_KAFKA_LIBS ?= $(CURDIR)/.cache/kafka/libs

PYTHON := .venv/bin/python
ENV := .venv/.made-from-lock

help: ## name the doors
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

env: $(ENV) ## make the environment in .venv from requirements.lock; the command `telltale` is in .venv/bin then

$(ENV): requirements.lock pyproject.toml
	@echo "Making .venv from requirements.lock (the first time this takes minutes)"
	@deploy/make_env.sh
	@touch $@

demo: env ## run everything on files made on the spot (or FILES="a.mp4 b.jpg"), print their verdicts, stop
	@.venv/bin/telltale demo $(FILES) $(ARGS)

up: env ## run everything until Ctrl-C; ARGS="--bucket DIR --home DIR"
	@.venv/bin/telltale up $(ARGS)

check: env ## lint and types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m pyright

test: env kafka-jars s3-server browser axe postgres ## every test; a part that this machine cannot have is skipped and named; ARGS="-k word"
	$(PYTHON) -m pytest $(ARGS)

chaos: env kafka-jars ## hurt a running deployment on purpose: 300 uploads, 32 faults, 0 lost; ARGS="--seed 7 --minutes 10"
	$(PYTHON) -m tests.chaos $(ARGS)

soak: env kafka-jars ## 5,000 small uploads: does the memory of any process grow? ARGS="--items 500"
	$(PYTHON) -m tests.chaos.soak $(ARGS)

kafka-jars: env ## fetch Apache Kafka's jars with Maven, once
	@if command -v mvn >/dev/null; then $(PYTHON) -m telltale.kafka_jars; else echo "no mvn: no local Kafka"; fi

s3-server: ## install the S3 server of the tests with Go, once
	@deploy/s3/install.sh || test -z "$(REQUIRE_S3)"

browser: ## install Chromium for the tests of the pages, where this user may
	@deploy/install_browser.sh || test -z "$(REQUIRE_BROWSER)"

fuzz: env ## feed 100,000 mutated inputs to parsers and decoders (INPUTS=n SEED=n TARGET=name)
	$(PYTHON) -m tests.fuzz --inputs $(or $(INPUTS),100000) --seed $(or $(SEED),1) --target $(or $(TARGET),all)

axe: ## fetch axe-core with npm, once
	@deploy/fetch_axe.sh || test -z "$(REQUIRE_AXE)"

postgres: ## install PostgreSQL for the tests of the read model, where this user may
	@deploy/install_postgres.sh || test -z "$(REQUIRE_POSTGRES)"

audit: env ## known flaws, licences and pins of what is installed; needs the net, REQUIRE_AUDIT=1 insists on it
	@$(PYTHON) -m deploy.audit

clean: ## remove what tests and tools leave behind; keeps .venv and .cache
	rm -rf .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
