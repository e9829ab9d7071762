# make dashboard   set up .venv, serve the dashboard, print its address
# make test        set up .venv and a Chromium, run every test
#
# Both need Python 3.11 or newer and make, and nothing else.

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

.PHONY: dashboard test lint test-all bench clean
.DELETE_ON_ERROR:

dashboard: $(RUNTIME)
	$(BIN)/mpviz serve --port $(PORT)

test: $(TESTS)
	chromium="$$($(BIN)/python tools/chromium.py)" && \
	MPVIZ_CHROMIUM="$$chromium" $(BIN)/python -m pytest $(ARGS)

lint: $(TESTS)
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy

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
