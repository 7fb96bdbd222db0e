# The two commands of the README are `make run` and `make test`; both set everything up first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Arguments for the command line, e.g. make run ARGS="--seeds 5"
ARGS ?=

.PHONY: run test soak bench lint lock clean audit compose-check compose-test

run: $(READY)
	$(BIN)/eightytwenty run $(ARGS)

# Much of a test is waiting for servers, so that several files go at once; in their order, because the longest have few tests.
test: $(READY)
	$(BIN)/python -m tests.system.browser
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# What takes too long for every change: an hour or more. One test at a time, for these count seconds and memory.
soak: $(READY)
	$(BIN)/python -m pytest -m soak --timeout 7200 $(ARGS)

bench: $(READY)
	$(BIN)/python -m benchmarks $(ARGS)

lint: $(READY) compose-check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Needs no engine; where Docker Compose is installed, it has its say too.
compose-check: $(READY)
	$(BIN)/python -m pytest tests/test_compose.py

# Needs an engine: the whole stack is built, started, used, restarted, saved, restored and removed.
compose-test: $(READY)
	$(BIN)/python -m tests.system.compose

# A virtual environment with exactly the locked packages, the library and the workflow. The stamp is written last, so
# that an interrupted installation continues; compiling makes every later start two to three times faster.
$(READY): requirements.lock pyproject.toml workflow/pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else \
	  f"eightytwenty needs Python 3.11 to 3.13, and $(PYTHON) is {v[0]}.{v[1]}: run make PYTHON=/path/to/python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing the locked packages into .venv (about two minutes, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . --editable workflow
	@$(BIN)/python -m compileall -q -j 0 .venv > /dev/null || true
	@touch $@

# Needs uv. Universal (all platforms, Python 3.11 to 3.13), with hashes, without any registry's address.
lock:
	uv pip compile workflow/pyproject.toml --extra dev --extra server --universal --python-version 3.11 --generate-hashes \
	  --no-emit-package eightytwenty --no-header --no-annotate --quiet -o requirements.lock

# Needs uv and the network. Asks PyPI for known vulnerabilities of what is locked.
audit:
	uvx pip-audit --no-deps --disable-pip --require-hashes --requirement requirements.lock

clean:
	rm -rf .venv build *.egg-info workflow/*.egg-info
