# Every target makes what it needs, inside this folder: the environment in .venv, every cache and temporary file in
# .cache. `make` alone says what there is.

.DEFAULT_GOAL := help
.PHONY: help demo test test-lessons test-all bench docs check format coverage build clean same-python

ifneq ($(words $(CURDIR)),1)
$(error make cannot work in a folder whose path has spaces: "$(CURDIR)". Move the checkout, or use pip and pytest by hand, as CONTRIBUTING.md says)
endif

# --- What can be set on the command line -------------------------------------------------------

# PYTHON: the interpreter from which the environment is made; by default the first usable one of these.
PYTHON ?=
PYTHONS := python3.13 python3.12 python3.11 python3 python
# VENV: the environment; another folder for another Python, as in `make test PYTHON=python3.12 VENV=.venv-3.12`.
VENV ?= .venv
# ARGS: more arguments for the demo or the tests.
ARGS ?=

# --- Nothing is left outside the checkout ------------------------------------------------------

CACHE := $(CURDIR)/.cache
export HYPOTHESIS_STORAGE_DIRECTORY := $(CACHE)/hypothesis
export MPLCONFIGDIR := $(CACHE)/matplotlib
export NUMBA_CACHE_DIR := $(CACHE)/numba
export PIP_CACHE_DIR := $(CACHE)/pip
export PYTEST_DEBUG_TEMPROOT := $(CACHE)/tmp
export SCIKIT_LEARN_DATA := $(CACHE)/scikit-learn
export TMPDIR := $(CACHE)/tmp
export XDG_CACHE_HOME := $(CACHE)

# pip asks a Rust compiler, where there is one, for its version, and rustup then makes a folder in an empty home.
ifeq ($(RUSTUP_HOME)$(wildcard $(HOME)/.rustup),)
export RUSTUP_HOME := $(CACHE)/rustup
endif

export MPLBACKEND := Agg
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_REQUIRE_VIRTUALENV := 1
unexport PYTHONHOME PYTHONPATH

# --- The environment ---------------------------------------------------------------------------

# -P: the rooms at the root of the checkout must not be importable by their bare names.
# marimo writes settings; pip, which reads the user's own from the same place, is left to find them.
RUN = XDG_CONFIG_HOME=$(CACHE)/config XDG_STATE_HOME=$(CACHE)/state $(VENV)/bin/python -P
PIP = $(VENV)/bin/python -m pip --quiet
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
INTERPRETER := import sys; print("Python %d.%d.%d" % sys.version_info[:3], "of", sys.base_prefix)

# What is installed is named after what it was made from: the two files and the place of the checkout.
KEY := $(firstword $(shell { cat pyproject.toml constraints.txt; pwd; } | cksum))
CORE := $(VENV)/installed-core-$(KEY)
DEVELOPMENT := $(VENV)/installed-development-$(KEY)
BENCHMARKS := $(VENV)/installed-benchmarks-$(KEY)
DOCUMENTATION := $(VENV)/installed-documentation-$(KEY)

$(VENV)/bin/python:
	@mkdir -p $(CACHE)/tmp
	@for python in $(or $(PYTHON),$(PYTHONS)); do \
	    if "$$python" -c '$(USABLE)' 2>/dev/null; then \
	        echo "Making $(VENV) with $$("$$python" -c '$(INTERPRETER)')"; \
	        "$$python" -m venv --clear $(VENV) || rm -rf $(VENV); \
	        exec test -x $(VENV)/bin/python; \
	    fi; \
	done; \
	echo "No usable Python: tried $(or $(PYTHON),$(PYTHONS))." >&2; \
	echo "deepparticle needs Python 3.11 or newer with its venv module (on Debian and Ubuntu: the package" >&2; \
	echo "python3-venv). If it is installed elsewhere: make ... PYTHON=/path/to/python3" >&2; \
	exit 1

# An interpreter that was asked for by name must be the one that the environment has.
same-python: | $(VENV)/bin/python
	@mkdir -p $(CACHE)/tmp
ifneq ($(PYTHON),)
	@asked=$$("$(PYTHON)" -c '$(INTERPRETER)') || { echo "PYTHON=$(PYTHON) does not run." >&2; exit 1; }; \
	has=$$($(VENV)/bin/python -c '$(INTERPRETER)'); \
	if [ "$$asked" != "$$has" ]; then \
	    echo "$(VENV) was made with $$has, and PYTHON=$(PYTHON) is $$asked." >&2; \
	    echo "Say 'make clean' first, or name another folder: make ... PYTHON=$(PYTHON) VENV=.venv-other" >&2; \
	    exit 1; \
	fi
endif

$(CORE): | $(VENV)/bin/python same-python
	@rm -f $(VENV)/installed-*
	@echo "Installing deepparticle and what it needs into $(VENV) (a minute or two the first time)"
	@$(PIP) install --constraint constraints.txt hatchling
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable .
	@touch $@

$(DEVELOPMENT): | $(CORE) same-python
	@echo "Installing the tools for tests and checks into $(VENV)"
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable ".[test,checks,native,jax,arviz,examples,lessons]"
	@touch $@

$(BENCHMARKS): | $(CORE) same-python
	@echo "Installing what is measured against into $(VENV)"
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable ".[bench]"
	@touch $@

$(DOCUMENTATION): | $(CORE) same-python
	@echo "Installing what makes the documentation into $(VENV)"
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable ".[docs]"
	@touch $@

# --- The commands ------------------------------------------------------------------------------

help:
	@echo "make demo          run the main job: digits, learned and recalled   (ARGS=\"--quick\" for a short run)"
	@echo "make test          run the core tests, about six minutes            (ARGS=\"-k boundary\" for a choice)"
	@echo "make test-all      run the slow tests too, with the published numbers"
	@echo "make test-lessons  run the lessons, at every end of every slider"
	@echo "make bench         measure every goal for speed, and write docs/benchmarks.md (a quarter of an hour)"
	@echo "make docs          make the documentation as a site in docs/_build/html; warnings are errors"
	@echo "make check         lint, format and types: all checks, no test"
	@echo "make format        bring the code into the house's format"
	@echo "make coverage      run the core tests and show the lines that none of them reached"
	@echo "make build         make the wheel and the source distribution in dist/"
	@echo "make clean         remove everything that make has made"
	@echo
	@echo "PYTHON=python3.12 chooses the interpreter, VENV=.venv-3.12 the folder of the environment."

demo: $(CORE) same-python
	@$(RUN) -m deepparticle demo $(ARGS)

test: $(DEVELOPMENT) same-python
	@$(RUN) -m pytest --numprocesses auto $(ARGS)

test-lessons: $(DEVELOPMENT) same-python
	@$(RUN) -m pytest --numprocesses auto -m lessons $(ARGS)

test-all: $(DEVELOPMENT) same-python
	@$(RUN) -m pytest --numprocesses auto -m "" $(ARGS)

bench: $(BENCHMARKS) same-python
	@$(RUN) -m deepparticle bench $(if $(ARGS),,--out docs) $(ARGS)

docs: $(DOCUMENTATION) same-python
	@PYTHONPATH=docs $(RUN) -m sitepages $(ARGS)

check: $(DEVELOPMENT) same-python
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(RUN) -m mypy

format: $(DEVELOPMENT) same-python
	@$(RUN) -m ruff check --fix --exit-zero
	@$(RUN) -m ruff format

coverage: $(DEVELOPMENT) same-python
	@$(RUN) -m coverage run -m pytest $(ARGS)
	@$(RUN) -m coverage report

build: $(CORE) same-python
	@$(RUN) -m hatchling build -t sdist -t wheel -d dist

clean:
	@rm -rf $(VENV) .venv .venv-* .cache dist docs/_build .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
