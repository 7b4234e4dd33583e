# Two commands for a fresh machine with any Python 3 and make: `make demo` and `make test`.
# It brings uv; uv takes a Python that fits pyproject.toml, 3.11 where there is one, and downloads one where none is.
PYTHON ?= python3
DEMO_ARGS ?=
TEST_ARGS ?=
# Files of tests that run at once. Tests wait much of their time, so two are faster than one even on two cores.
TEST_WORKERS ?= 2

# uv may live in a folder of the user's that is not on the PATH; where there is none, it gets an environment of its own,
# because a distribution's Python refuses a global pip install.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)

export LANG ?= en_US.UTF-8

.PHONY: setup wheel demo ui test test-fast coverage lint types bench clean

setup: .venv/.ready

.venv/.ready: pyproject.toml uv.lock $(if $(filter .uv/bin/uv,$(UV)),.uv/bin/uv)
	$(UV) sync --frozen --quiet --compile-bytecode $$($(UV) python find --quiet --no-python-downloads 3.11 >/dev/null 2>&1 && echo --python 3.11)
	@touch $@

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

demo: setup
	.venv/bin/wios demo $(DEMO_ARGS)

ui: setup
	.venv/bin/wios ui

wheel:
	$(if $(filter .uv/bin/uv,$(UV)),test -x .uv/bin/uv || $(MAKE) .uv/bin/uv)
	$(UV) build --quiet --wheel

test: setup
	.venv/bin/pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(TEST_ARGS)

test-fast: setup
	.venv/bin/pytest -m "not slow" -n auto $(TEST_ARGS)

coverage: setup
	.venv/bin/pytest -m "not slow" -n auto --cov --cov-report=term --cov-report=html $(TEST_ARGS)

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports

types: setup
	.venv/bin/mypy

bench: setup
	.venv/bin/python -m benchmarks

clean:
	rm -rf build dist .venv .uv .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.* htmlcov
