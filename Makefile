# make demo   compile and differentiate examples/power.py natively
# make test   linter, type checker, tests: what .ci/run calls
# make fuzz   random programs against CPython and exact derivatives (FUZZ="--programs 500" for other options)
# make view   .view/tapeless, the package as folders for the type checker
# make clean  remove everything that these made
#
# All of it happens in .venv; PYTHON=python3.12 chooses the interpreter that it is made from.

PYTHON ?= python3
BIN := .venv/bin
FUZZ ?= --programs 2000 --jobs 2 --minutes 60
ARRAYS ?= --programs 2000 --jobs 2 --minutes 120

.PHONY: demo test fuzz view clean

demo: .venv/.installed
	$(BIN)/python examples/power.py
	$(BIN)/tapeless ir examples/power.py:power --args "f64, i64" --grad 0 --stage lower
	$(BIN)/python benchmarks/against_cpython.py

test: .venv/.installed-test view
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto

fuzz: .venv/.installed-test
	$(BIN)/python tests/fuzz.py $(FUZZ)
	TAPELESS_POISON=1 TAPELESS_VERIFY=1 $(BIN)/python tests/fuzz.py --kind arrays $(ARRAYS)

# Type checkers do not read setuptools' package-dir: they get a folder in which each module stands where it is imported.
view:
	@rm -rf .view && mkdir -p .view/tapeless
	@ln -s $(patsubst %,../../%,$(filter-out %/__pycache__,$(wildcard compiler/*)) ir frontend backend) .view/tapeless/

.venv/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("tapeless needs Python 3.11 or later, PYTHON=python3.12 for example" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/.installed-test: .venv/.installed
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@touch $@

clean:
	rm -rf .venv .view build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name '*.egg-info' -prune -exec rm -rf {} +
