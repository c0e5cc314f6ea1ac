# The front door. `make demo` and `make test` work from a bare clone: they set up .venv first.

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
READY := .venv/.ready
CHECKED := $(wildcard src tests simulations docs/examples conftest.py)

.PHONY: setup demo test lint types imports browser image pages bench error_rates fuzz machines crash ledger clean

setup: $(READY)

# Without build isolation the build tools come from constraints.txt too.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "practice_core needs Python 3.11 or later; name one with: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt hatchling
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation \
	  --editable '.[cli,report,fit,dask,postgres,testing,dev]'
	@touch $@

demo: $(READY)
	$(BIN)/practice-core compare wujiang --weeks 8 --replications 4 --seed 7 \
	  --policies random,nearest,home_first --workers $(WORKERS) --out out/demo

test: lint types imports browser
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy --strict $(CHECKED)

imports: $(READY)
	$(BIN)/lint-imports

# As root where apt-get exists it installs what is missing; elsewhere the browser tests are skipped.
browser:
	@.ci/browser

# The picture in the READMEs: make image FROM=out/demo
image: $(READY) browser
	PYTHONPATH=. $(BIN)/python tests/browsing.py $(FROM) docs/images/report.png

# The pages of docs, or parts of them, that the code gives.
pages: $(READY)
	PYTHONPATH=. $(BIN)/python tests/pages.py

bench: $(READY)
	@mkdir -p out
	PYTHONPATH=. $(BIN)/python tests/benchmarks/run.py --out out/bench.json
	PYTHONPATH=. $(BIN)/python tests/benchmarks/journal.py --out out/bench_journal.json
	PYTHONPATH=. $(BIN)/python tests/benchmarks/points.py --out out/bench_points.json
	PYTHONPATH=. $(BIN)/python tests/benchmarks/hierarchy.py --out out/bench_hierarchy.json
	$(BIN)/python tests/benchmarks/practice.py --out out/bench_practice.json

# How often the verdict errs on 200 simulated comparisons: a quarter of an hour on two cores.
error_rates: $(READY)
	@mkdir -p out
	PYTHONPATH=. $(BIN)/python tests/benchmarks/error_rates.py --out out/error_rates.json

# 20,000 broken files of a county, each read or refused: half an hour on one core.
fuzz: $(READY)
	FUZZ_CASES=20000 $(BIN)/python -m pytest -n $(WORKERS) tests/test_fuzz.py

# The own lifecycle of each loop that ships, attacked for a minute: a quarter of an hour on one core.
machines: $(READY)
	$(BIN)/python tests/benchmarks/machines.py --workers $(WORKERS)

# 1,000 writers of a journal, killed while they write, on SQLite and on PostgreSQL, and 1,000 and 333
# that ask a practice; then several programs that race on each for half a minute: a quarter of an hour.
crash: $(READY)
	CRASHES=1000 RACE_SECONDS=30 $(BIN)/python -m pytest -n 0 -s tests/test_crash.py tests/test_writers.py

# Runs of 2,000 steps of the ledger beside its plain model, and of the accounts of a practice on each
# store beside theirs: a quarter of an hour on one core.
ledger: $(READY)
	LEDGER_STEPS=2000 $(BIN)/python -m pytest -n 0 tests/test_ledger.py tests/test_bank.py

clean:
	rm -rf .venv build dist out .coverage .coverage.* .hypothesis .import_linter_cache \
	  .mypy_cache .pytest_cache .ruff_cache
	find conftest.py docs simulations src tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
