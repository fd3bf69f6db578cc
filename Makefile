# Each target sets itself up: it makes .venv and installs the locked, hashed packages that it needs.
# PYTHON=python3.12 names another interpreter (3.11 to 3.13); ARGS=... is passed on to the command.

PYTHON ?= python3
ARGS ?=
N ?= 1000000
SEED ?= 1

VENV := .venv
BIN := $(VENV)/bin
# Only wheels, only with the hashes of the lock; where packages come from is pip's own configuration.
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all:
LOCK = $(VENV)/lock/bin/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 \
	--fork-strategy fewest --no-build --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help demo test test-real torture check fix bench lock setup clean
.SILENT:

help:
	echo "make demo    the whole way on real orders: first load, seven days, the last day again (ARGS=--json)"
	echo "make test    all tests (ARGS='-k plan')"
	echo "make test-real all tests against real shops' servers and Spark, also those that take minutes"
	echo "make torture kill it a thousand times amid faults, on SQLite and PostgreSQL (N=1000 SEED=1)"
	echo "make check   format, lint, types and import rules"
	echo "make fix     format, mend what the linter can mend, write the reference pages of docs/ anew"
	echo "make bench   measure a million customers beside the naive way (N=100000 for a tenth)"
	echo "make lock    resolve the locked versions anew (ARGS=--upgrade)"
	echo "make setup   only what the tidesman command needs: then $(BIN)/tidesman --help"
	echo "make clean   remove .venv and what the tools left"

demo: $(VENV)/run.stamp
	$(BIN)/tidesman demo $(ARGS)

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

test-real: $(VENV)/test.stamp
	$(BIN)/python -m pytest tests/real -m 'long or not long' $(ARGS)

torture: N = 1000
torture: $(VENV)/test.stamp
	$(BIN)/python tests/torture --kills $(N) --seed $(SEED) $(ARGS)

# All of them speak before it fails.
check: $(VENV)/check.stamp
	failed=; \
	echo "ruff format"; $(BIN)/ruff format --quiet --check --diff . || failed=1; \
	echo "ruff check"; $(BIN)/ruff check --quiet . || failed=1; \
	echo "mypy --strict"; $(BIN)/python -m mypy || failed=1; \
	echo "pyright"; $(BIN)/python -m pyright --pythonpath $(BIN)/python || failed=1; \
	echo "import rules"; $(BIN)/lint-imports --no-logo || failed=1; \
	if [ -n "$$failed" ]; then echo "Some checks failed; make fix mends what it can." >&2; exit 1; fi; \
	echo "All checks passed."

fix: $(VENV)/check.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python docs/reference.py

bench: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks $(N) $(ARGS)

setup: $(VENV)/run.stamp

# check holds everything; the others are cut from it, so that all agree on each version.
lock: $(VENV)/made.stamp
	test -x $(VENV)/lock/bin/uv || { \
		$(BIN)/python -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install --quiet 'uv>=0.9,<1'; } >&2
	set -e; index="$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)"; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	$(LOCK) --group build --group test --group check $(ARGS) -o requirements/check.lock; \
	$(LOCK) --group build --group test -c requirements/check.lock $(ARGS) -o requirements/test.lock; \
	$(LOCK) --extra postgres -c requirements/check.lock $(ARGS) -o requirements/run.lock; \
	$(LOCK:pyproject.toml=) --group build -c requirements/check.lock $(ARGS) -o requirements/build.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache benchmarks/.work

# A PYTHON that is named makes .venv anew when it is not the one that made it; so does a moved folder.
ifneq ($(origin PYTHON),file)
chosen := $(PYTHON)
else
chosen := $(or $(shell sed -n 1p $(VENV)/made.stamp 2>/dev/null),$(PYTHON))
endif
ifneq ($(shell cat $(VENV)/made.stamp 2>/dev/null),$(chosen) $(CURDIR))
$(VENV)/made.stamp: FORCE
endif
FORCE:

$(VENV)/made.stamp:
	command -v $(chosen) >/dev/null 2>&1 || { \
		echo "There is no $(chosen) here: install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	$(chosen) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "Tidesman needs Python 3.11, 3.12 or 3.13, and $(chosen) is $$($(chosen) -V 2>&1): name another, as in make PYTHON=python3.12" >&2; exit 2; }
	$(chosen) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(chosen) cannot make a virtual environment: on Debian run apt-get install python3-venv, then make again" >&2; exit 2; }
	echo "Making .venv with $$($(chosen) -V 2>&1) ..." >&2
	$(chosen) -m venv --clear $(VENV) >&2
	printf '%s\n' "$(chosen)" "$(CURDIR)" > $@

$(VENV)/run.stamp: $(VENV)/made.stamp requirements/run.lock requirements/build.lock pyproject.toml
	echo "Installing the locked packages (once) ..." >&2
	$(INSTALL) -r requirements/run.lock -r requirements/build.lock >&2
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable . >&2
	touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp requirements/test.lock
	echo "Installing what the tests need (once) ..." >&2
	$(INSTALL) -r requirements/test.lock >&2
	touch $@

$(VENV)/check.stamp: $(VENV)/test.stamp requirements/check.lock
	echo "Installing what the checks need (once) ..." >&2
	$(INSTALL) -r requirements/check.lock >&2
	touch $@
