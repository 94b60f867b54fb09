# Needs Python 3.10 to 3.13, make and a C compiler; everything else is installed into .venv.
PYTHON ?= python3
SEED ?= 7
OUT ?= runs/tidy-$(SEED)
BIN := .venv/bin
INSTALLED := .venv/.installed
WARM := .venv/.warm
LEARNED := .venv/.learned
KERNELS := $(wildcard sims/house/render/_*.py memory/spatial/*.py)

.PHONY: help tidy test test-all lint bench clean

help:
	@echo "make tidy      set up and tidy a house (SEED=$(SEED), OUT=$(OUT))"
	@echo "make test      set up and run the tests; test-all: the slow ones too"
	@echo "make lint      ruff, mypy and the import floors"
	@echo "make bench     speed of the house and score of the tidy agent"
	@echo "make clean     remove what make has installed"

$(INSTALLED): setup.cfg setup.py constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,gl]'
	@touch $@

# Compiles the renderer and the map once, so that no episode and no test waits for them.
$(WARM): $(INSTALLED) $(KERNELS)
	$(BIN)/engram warmup
	@touch $@

# What the robot sees with; the tests have it on Python 3.11 only, for torch is large.
$(LEARNED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[learn]'
	@touch $@

tidy: $(WARM) $(LEARNED)
	$(BIN)/engram tidy --seed $(SEED) --out $(OUT)

test: $(WARM)
	$(BIN)/python -m pytest -q -n 2

test-all: $(WARM)
	$(BIN)/python -m pytest -q -n 2 -m 'slow or not slow'

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(WARM) $(LEARNED)
	$(BIN)/python benchmarks/bench_house.py
	$(BIN)/python benchmarks/bench_detector.py
	$(BIN)/python benchmarks/bench_brain.py
	$(BIN)/engram eval tidy-test --workers 2 --out runs/tidy-test

clean:
	rm -rf .venv build dist *.egg-info
