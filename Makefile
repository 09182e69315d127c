# Two commands for a newcomer: `make demo` and `make test`. Both set up everything they need in .venv.
PYTHON ?= python3
VENV ?= .venv
BUILD ?= build/make
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

BIN := $(VENV)/bin
SOURCES := $(shell find cpp cuda cmake python -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' \
             -o -name '*.py' -o -name '*.pyi' -o -name '*.txt' -o -name '*.cmake' -o -name '*.in' \) 2>/dev/null) CMakeLists.txt pyproject.toml
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)
# Tools inside the virtual environment (cmake and ninja among them) come first.
export PATH := $(abspath $(BIN)):$(PATH)

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

# Real data sets beside the checkout, where there are any; without them tests skip and the demo fetches or generates.
ifneq ($(wildcard ../shared/data),)
export DISKERN_DATA ?= $(abspath ../shared/data)
endif

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-cpp sanitize bench lint clean prerequisites

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.ready-demo ## Set up, then train, test, compare and apply methods on MAGIC telescope events (generated ones without a network)
	$(BIN)/python examples/demo.py --output demo-output

test: $(VENV)/.ready-test test-cpp ## Set up, then run every test that is not marked slow
	$(BIN)/python -m pytest

test-all: $(VENV)/.ready-test test-cpp ## The same, slow tests included
	$(BIN)/python -m pytest -m "slow or not slow"

test-cpp: $(VENV)/.ready-test
	$(BIN)/cmake -S . -B $(BUILD)/cpp -G Ninja -DDISKERN_PYTHON=OFF -DDISKERN_TESTS=ON >$(BUILD)/cpp-configure.log 2>&1 || { cat $(BUILD)/cpp-configure.log; exit 1; }
	$(BIN)/cmake --build $(BUILD)/cpp
	$(BIN)/ctest --test-dir $(BUILD)/cpp --output-on-failure

sanitize: $(VENV)/.ready-test ## C++ and embed tests under ASan/UBSan and TSan
	PATH="$(abspath $(BIN)):$$PATH" bash tools/sanitize.sh

bench: $(VENV)/.ready-bench ## Benchmarks beside the peers that are installed; writes benchmarks/results
	$(BIN)/diskern bench --output benchmarks/results
	$(BIN)/python benchmarks/python/trees_training.py --all
	$(BIN)/python benchmarks/python/trees_evaluation.py --all
	$(BIN)/python benchmarks/python/networks_training.py --all
	$(BIN)/python benchmarks/python/networks_evaluation.py --all
	$(BIN)/python benchmarks/python/networks_layers.py --all
	$(BIN)/python benchmarks/python/networks_learning_curves.py --all
	$(if $(wildcard $(DISKERN_DATA)/tmva_trained/scaling.json),$(BIN)/python benchmarks/python/trees_tmva_shapes.py --all --scaling $(DISKERN_DATA)/tmva_trained/scaling.json,@echo "trees_tmva_shapes.py is left out: DISKERN_DATA/tmva_trained/scaling.json is not there")
	$(if $(DISKERN_DATA),$(BIN)/python benchmarks/python/trees_quality.py --all --data $(DISKERN_DATA),$(BIN)/python benchmarks/python/trees_quality.py --case generator-1M)
	$(BIN)/python benchmarks/python/trees_uniformity.py $(if $(DISKERN_DATA),--all --data $(DISKERN_DATA),--case generated-bins --case generated-neighbours --case generated-uboost)

lint: $(VENV)/.ready-test ## Style and types
	$(BIN)/python -m pip install -q --disable-pip-version-check ".[lint]"
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

clean: ## Remove everything that make wrote
	rm -rf $(VENV) build demo-output

# What pip cannot install is looked for here, and the apt line printed.
prerequisites:
	@missing=""; \
	command -v $(PYTHON) >/dev/null || missing="$$missing python3"; \
	if command -v $(PYTHON) >/dev/null; then \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "diskern needs Python 3.10 or newer, found $$($(PYTHON) -V)"; exit 1; }; \
	  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing python3-venv"; \
	  $(PYTHON) -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' || missing="$$missing python3-dev"; \
	fi; \
	command -v $${CXX:-c++} >/dev/null || missing="$$missing g++"; \
	if [ -n "$$missing" ]; then echo "Missing:$$missing. On Debian or Ubuntu: sudo apt-get install$$missing"; exit 1; fi

$(VENV)/bin/python: | prerequisites
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade pip

# The wheel is built once, whatever it is installed for.
$(BUILD)/wheel.stamp: $(VENV)/bin/python $(SOURCES)
	@mkdir -p $(BUILD)
	@rm -rf $(BUILD)/wheel
	@echo "Building diskern (a few minutes the first time) ..."
	$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps --wheel-dir $(BUILD)/wheel .
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --force-reinstall $(BUILD)/wheel/*.whl
	@touch $@

# $(call install,EXTRA): the packages of an extra beside the wheel
define install
	$(BIN)/python -m pip install -q --disable-pip-version-check "cmake>=3.20" ninja
	$(BIN)/python -m pip install -q --disable-pip-version-check "$$(ls $(BUILD)/wheel/*.whl)[$(1)]"
	$(BIN)/python -c 'import diskern._core'
	@touch $@
endef

$(VENV)/.ready-demo: $(BUILD)/wheel.stamp
	$(call install,sklearn)

$(VENV)/.ready-test: $(BUILD)/wheel.stamp
	$(call install,test)

$(VENV)/.ready-bench: $(BUILD)/wheel.stamp
	$(call install,bench)
