# `make demo` and `make test` do everything on a fresh machine: they create and fill
# .venv themselves. Another interpreter: make demo PYTHON=/path/to/python3.12

SHELL := /bin/bash
VENV := .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip install -qq --disable-pip-version-check
DEMO := demo
MOCK := mock-demo
# The first of these that is Python 3.11 or later makes the environment.
PYTHON ?= $(shell for p in python3 python python3.13 python3.12 python3.11 python3.14; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
  && { echo $$p; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help demo mock-demo install test lint tests accuracy cases recovery docs benchmark clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: install ## install, simulate and solve a small survey, draw its pictures
	$(RUN)/reseau demo -o $(CURDIR)/$(DEMO) --overwrite

mock-demo: install ## install, draw the stars of 0.1 x 0.1 deg near the Galactic centre
	$(RUN)/reseau mock forward --window=0.3,0.1,0.1,0.1 --limit Hw=17 --figures \
	  -o $(CURDIR)/$(MOCK) --overwrite

install: $(VENV)/.installed ## create .venv and install reseau there

test: lint tests ## install, then lint, types, layers and tests

lint: $(VENV)/.test
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/codespell
	$(RUN)/mypy src
	$(RUN)/lint-imports

tests: $(VENV)/.test
	rm -rf .accuracy
	RESEAU_ACCURACY=.accuracy $(RUN)/python -m pytest -n 2 --dist loadfile
	$(RUN)/python docs/_scripts/accuracy_table.py .accuracy --check

accuracy: $(VENV)/.test ## measure deviations from authorities, write the docs' tables
	rm -rf .accuracy
	RESEAU_ACCURACY=.accuracy $(RUN)/python -m pytest -n 2 --dist loadfile \
	  tests/reference tests/twin
	$(RUN)/python docs/_scripts/accuracy_table.py .accuracy

cases: $(VENV)/.test ## run the small inputs of users that lie beside the project
	RESEAU=$(CURDIR)/$(RUN)/reseau tests/cases.sh ../shared/cases

recovery: $(VENV)/.test ## the long statistical runs against truth
	RESEAU_OPTIMISED=1 $(RUN)/python -m pytest -m recovery
	$(RUN)/python -m pytest tests/property --hypothesis-profile=random

docs: $(VENV)/.docs ## build the pages into docs/_build/html, warnings are errors
	$(RUN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "Pages: $(CURDIR)/docs/_build/html/index.html"

benchmark: $(VENV)/.test ## time and memory of one plate
	$(RUN)/python -m pytest benchmarks --benchmark-only

clean: ## remove .venv, the demo and everything that was built
	rm -rf $(VENV) $(DEMO) $(MOCK) docs/_build docs/_generated dist .benchmarks
	rm -rf .accuracy .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests docs -name __pycache__ -prune -exec rm -rf {} +

# Dependency groups need pip 25.1.
$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { \
	  echo "No Python 3.11 or later was found (looked for python3 and python3.11 to 3.14)."; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is not a Python 3.11 or later that runs."; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv"; \
	  exit 1; }

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing reseau and what it needs"
	@$(PIP) --upgrade 'pip>=25.1'
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.installed
	@echo "Installing what the tests need"
	@$(PIP) --group test
	@touch $@

$(VENV)/.docs: pyproject.toml $(VENV)/.installed
	@echo "Installing what the pages need"
	@$(PIP) --group docs
	@touch $@
