# Everything starts from Python 3.11 with venv and pip: `make demo` and `make test`.
PYTHON ?= python3
UV := UV_PYTHON_DOWNLOADS=never .bootstrap/bin/uv
BIN := .venv/bin
export PYTHONUTF8 := 1

.PHONY: setup setup-dev demo test check fast prove bench reference lock clean

setup: .venv/run.stamp ## .venv with both commands
setup-dev: .venv/dev.stamp

.bootstrap/bin/uv: requirements/uv.lock
	$(PYTHON) -c 'import sys; sys.exit("Hamyar needs Python 3.11 or newer: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .bootstrap
	.bootstrap/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.lock
	touch $@

.venv/bin/python: .bootstrap/bin/uv
	$(UV) venv --quiet --python $(PYTHON) --allow-existing .venv
	touch $@

.venv/run.stamp: requirements/run.lock pyproject.toml .venv/bin/python
	$(UV) pip sync --quiet --compile-bytecode requirements/run.lock
	$(UV) pip install --quiet --no-deps --editable .
	$(BIN)/hamyar-server translations compile
	touch $@

.venv/dev.stamp: requirements/dev.lock pyproject.toml .venv/bin/python
	$(UV) pip sync --quiet requirements/dev.lock
	$(UV) pip install --quiet --no-deps --editable .
	$(BIN)/hamyar-server translations compile
	touch .venv/run.stamp $@

demo: setup ## the main job: the demonstration, served until Ctrl-C
	$(BIN)/hamyar-server demo

test: setup-dev check ## everything but the long proofs
	$(BIN)/python tests/needs.py
	$(BIN)/pytest -n 2 -m "not prove and not bench"

fast: setup-dev ## tests that need neither a browser, nor PostgreSQL, nor Java, nor ../shared
	$(BIN)/pytest -n 2 -m "not prove and not bench and not browser and not shared and not postgres and not spark"

check: setup-dev ## format, lint, weaknesses, types, arrows, Django, migrations, translations
	$(MAKE) --no-print-directory --jobs=2 --output-sync types rules

.PHONY: types rules
types:
	$(BIN)/mypy

rules:
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/bandit -q -r src -ll
	$(BIN)/lint-imports
	$(BIN)/hamyar-server check
	$(BIN)/hamyar-server makemigrations --check --dry-run
	$(BIN)/hamyar-server translations check

prove: setup-dev ## long proofs
	$(BIN)/pytest -m prove

bench: setup-dev ## ratios and limits, never timed tests
	$(BIN)/python -m bench

reference: setup-dev ## docs/reference from the docstrings
	$(BIN)/python docs/reference.py

lock: .bootstrap/bin/uv ## pin every dependency with hashes
	cd requirements && ../.bootstrap/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header uv.in -o uv.lock
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --extra server pyproject.toml -o requirements/run.lock
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --extra server --group dev -c requirements/run.lock pyproject.toml -o requirements/dev.lock

clean:
	rm -rf .venv .bootstrap var
