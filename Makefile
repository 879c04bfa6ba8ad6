# The two commands are `make report` and `make test`; both need only python3 (3.11 to 3.13) and make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

# The venv's programs first, the package without an installation, and compiled modules kept: uncompiled ones cost seconds at every step.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONPATH := workflow/scripts
export PYTHONDONTWRITEBYTECODE :=

.PHONY: report test test-full lint bench validate example receive docs lock key leakscan clean help

help:            ## list the commands
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "Python 3.11, 3.12 or 3.13 is needed; name it with: make report PYTHON=python3.12"; exit 1; }
	@echo "Installing the locked packages into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv 2> >(grep -v 'is ignored: it is neither' >&2)
	@$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --require-hashes --compile-bytecode -r requirements.lock
	@command -v quarto > /dev/null || timeout 120 $(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python quarto-cli > /dev/null 2>&1 || echo "Quarto is not to be had here; the built-in engine renders the report."
	@touch $@

report: $(READY) ## run the workflow and print where the report is
	@snakemake

test: $(READY)   ## lint, unit tests, the example run, freshness, the report's health
	@python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

test-full: $(READY) ## the same with more Hypothesis examples and large studies
	@python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --full

lint: $(READY)   ## ruff, snakefmt, snakemake --lint
	@ruff check . && ruff format --check . && snakefmt --check Snakefile workflow/rules && snakemake --lint

bench: $(READY)  ## timings as ratios
	@python tests/bench.py

validate: $(READY) ## how often intervals hold the true value, by simulation
	@python tests/validate.py

receive: $(READY) ## enter new, changed and taken-out raw files into the ledger
	@python -m piloteval.intake.received

example: $(READY) ## make the synthetic pilot again
	@python -m piloteval.simulate

docs: $(READY)   ## write the generated parts of config/README.md and environment.yml again
	@python -m piloteval.upkeep --fix

lock: $(READY)   ## renew requirements.lock and environment.yml together
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements.lock
	@python -m piloteval.upkeep --fix

key: $(READY)    ## make a secret key for the pseudonyms outside the repository (KEY=path for another place)
	@python -m piloteval.keys $(KEY)

leakscan: $(READY) ## look for people in everything a run writes outside results/restricted
	@python -m piloteval.leakscan

clean:           ## remove all results
	rm -rf results logs benchmarks .snakemake
