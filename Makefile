# make dashboard   set up .venv, serve the dashboard, print its address
# make check       format, lint, types, spelling, and every test that starts no process: a minute
# make test        all tests, with a sample of what there is very much of
# make test-all    all of it, as CI runs it
# make slowest     the twenty slowest tests
#
# All of them need Python 3.11 or newer and make, and nothing else.

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8866

# The first that runs (a pyenv shim may be there and not run), is new enough and can make a venv.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 \
	python3.15 python3; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && { echo "$$python"; break; }; done)

# What .venv has, as of when: to use mpviz, and to test it as well.
RUNTIME := $(VENV)/.runtime
TESTS := $(VENV)/.tests

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: dashboard check quick test lint types slowest test-all bench clean
.DELETE_ON_ERROR:

dashboard: $(RUNTIME)
	$(BIN)/mpviz serve --port $(PORT)

PYTEST := $(BIN)/python -m pytest
# Most of what the tests take is waiting, so that more of them run at once than there are CPUs.
BESIDE := 4
CPUS := $(shell getconf _NPROCESSORS_ONLN)

# What each of them proves: docs/CONTRIBUTING.md.
check: $(TESTS)
	@$(MAKE) --no-print-directory --jobs 3 --output-sync lint types quick

lint: $(TESTS)
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/oxlint --deny-warnings src
	$(BIN)/codespell

types: $(TESTS)
	$(BIN)/python -m mypy

quick: $(TESTS)
	$(PYTEST) --quick -m "not timed" --numprocesses $(CPUS) $(ARGS)

# First what may wait beside others; then what measures; then, one after the other, browsers and
# servers, which need the machine for themselves.
ALONE := tests/browser tests/serving tests/test_lesson_notebook.py
test: $(TESTS)
	export MPVIZ_CHROMIUM && MPVIZ_CHROMIUM="$$($(BIN)/python tools/chromium.py)" && \
	$(PYTEST) -m "not timed" --numprocesses $(BESIDE) $(ALONE:%=--ignore %) $(ARGS) && \
	$(PYTEST) -m timed --numprocesses $(CPUS) $(ALONE:%=--ignore %) $(ARGS) && \
	$(PYTEST) $(ALONE) $(ARGS)

slowest:
	@$(MAKE) --no-print-directory test ARGS="--durations 20 --quiet"

# All that `make test` only samples: every fault, a hundred kills, a thousand hostile tasks, five
# minutes of visitors; and, as root where there is mmdebstrap, conformance on the Pythons that this
# machine has not.
test-all:
	MPVIZ_FULL=1 bash .ci/run

bench: $(TESTS)
	$(BIN)/python benchmarks/overhead.py $(ARGS)
	chromium="$$($(BIN)/python tools/chromium.py)" && \
	MPVIZ_CHROMIUM="$$chromium" $(BIN)/python benchmarks/page.py

clean:
	rm -rf $(VENV) .venv-* .pythons dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "mpviz needs Python 3.11 or newer with its venv module, and none \
	was found; install one, or name it: make $(MAKECMDGOALS) PYTHON=path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

# The template of Voila and the notebook are copied or linked when it is installed, so a new one
# means installing again; the rest of src is used where it is.
TEMPLATE := $(wildcard src/mpviz/page/voila/*)

$(RUNTIME): pyproject.toml $(TEMPLATE) | $(BIN)/python
	$(INSTALL) --editable '.[lab]'
	@touch $@

$(TESTS): pyproject.toml $(RUNTIME)
	$(INSTALL) --editable '.[lab,test]'
	@touch $@
