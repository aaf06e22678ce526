# mho: `make demo` and `make test` do everything on a fresh Debian 12 (as root or with sudo).
#
#   make demo    set up, build, train and evaluate the main job, write runs/demo/report.html
#   make test    set up, build, run all tests (release, and the core under sanitizers)
#   make build   program and libraries in build/release
#   make python-test   the wheel of the Python package in a fresh environment, and its tests
#   make python-versions   the wheel and its tests in a clean environment with each of several versions of torch
#   make docs    the documentation site in build/site
#   make bench   benchmarks against the machine's limits -> build/bench.json
#   make peers, make bench-peers   the field's tool, and the same work on both -> build/bench-peers.json
#   make kill-test   runs killed at random moments, full disks, folders that cannot be written
#   make fuzz    fuzzers of everything that reads a file, FUZZ_S=60 seconds each, FUZZ_JOBS=1 at a time
#   make lint    clang-format, clang-tidy, ruff
#   make asan    everything but LibTorch's part under address and undefined-behaviour sanitizers
#   make asan-torch   LibTorch's part under them
#   make tsan    everything but LibTorch's part under the thread sanitizer
SHELL := /bin/bash
VENV ?= .venv
JOBS ?= $(shell nproc)
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
TORCH := torch==2.13.0
# The CPU wheel is a tenth of the CUDA one that PyPI serves by default. Where pip is set up to find a
# wheel in a local folder that one is taken; TORCH_INDEX= (nothing) takes PyPI's.
TORCH_INDEX ?= $(shell command -v nvidia-smi >/dev/null 2>&1 || pip config list 2>/dev/null | grep -q find-links || echo --index-url https://download.pytorch.org/whl/cpu)
APT := g++ cmake ninja-build ccache make git python3 python3-venv python3-dev libhwy-dev libfmt-dev \
       nlohmann-json3-dev libcli11-dev libgtest-dev librandom123-dev zlib1g-dev libbz2-dev \
       liblzma-dev libdnnl-dev libnlopt-cxx-dev ngspice dataset-fashion-mnist
APT_TSAN := clang-19 libomp-19-dev libclang-rt-19-dev
APT_FUZZ := clang-19 libclang-rt-19-dev libomp-19-dev
APT_PEERS := libopenblas-dev
PEERS := .peers
FUZZ_S ?= 60
FUZZ_JOBS ?= 1
APT_LINT := clang-tidy-19 libomp-19-dev
# Trained networks and larger data sets, where they are at hand; tests that need them skip otherwise.
MHO_DATA ?= $(shell [ -d ../shared/data ] && cd ../shared/data && pwd)
export MHO_DATA

.PHONY: deps build demo test python-wheel python-test python-versions docs bench peers bench-peers kill-test fuzz lint format asan asan-torch tsan clean quick-test
deps: $(VENV)/.apt $(VENV)/.ok

$(VENV)/.apt: Makefile
	@mkdir -p $(VENV)
	@missing=$$(for p in $(APT); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	 if [ -n "$$missing" ]; then $(SUDO) apt-get update -q && \
	   $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi
	@touch $@

$(VENV)/.ok: $(VENV)/.apt requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check $(TORCH_INDEX) $(TORCH) || \
	  $(VENV)/bin/pip install -q --disable-pip-version-check $(TORCH)
	$(VENV)/bin/pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

build: deps
	cmake --preset release -DMHO_PYTHON=$(abspath $(VENV))/bin/python
	cmake --build --preset release -j $(JOBS)

demo: build
	build/release/bin/mho train examples/runs/demo.json --out runs/demo --resume

# All tests, then the numeric core and the parsers under sanitizers, then the Python package.
test: build
	ctest --test-dir build/release -j $(JOBS) --output-on-failure
	cmake --preset asan
	cmake --build --preset asan -j $(JOBS)
	ctest --test-dir build/asan -j $(JOBS) --output-on-failure
	$(MAKE) python-test docs

# The wheel: the core without LibTorch and tests, with the flags of `make build`, so that ccache has
# most of it.
$(VENV)/.python: requirements-python.txt $(VENV)/.ok
	$(VENV)/bin/pip install -q --disable-pip-version-check -r requirements-python.txt
	@touch $@

python-wheel: $(VENV)/.python
	rm -rf build/wheels
	CXX=$${CXX:-c++} CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) $(VENV)/bin/pip wheel -q --disable-pip-version-check . --no-deps \
	  --no-build-isolation -w build/wheels
	ls -l build/wheels

# A fresh environment without torch first; then the torch of $(VENV) joins it.
PY := build/python-venv/bin/python
python-test: python-wheel
	rm -rf build/python-venv
	python3 -m venv build/python-venv
	$(PY) -m pip install -q --disable-pip-version-check build/wheels/mho-*.whl -r requirements-python-test.txt
	cd python/tests && OMP_NUM_THREADS=1 MHO_TEST_DATA=$(CURDIR)/tests/data ../../$(PY) -m pytest core
	$(VENV)/bin/python -c "import site; print(site.getsitepackages()[0])" > \
	  $$($(PY) -c "import site; print(site.getsitepackages()[0])")/with_torch.pth
	cd python/tests && OMP_NUM_THREADS=1 ../../$(PY) -m pytest with_torch test_examples.py test_notebooks.py

# One wheel serves every version of torch: clean environments with the oldest that is supported and a new one.
# PyPI's wheels of older versions bring gigabytes of CUDA libraries; TORCH_INDEX has small ones where it can be reached.
TORCH_VERSIONS ?= 2.4.1 2.13.0
python-versions: python-wheel
	@set -e; for v in $(TORCH_VERSIONS); do env=build/torch-$$v; \
	   echo "torch $$v"; rm -rf $$env; python3 -m venv $$env; \
	   $$env/bin/pip install -q --disable-pip-version-check $(TORCH_INDEX) torch==$$v || \
	     $$env/bin/pip install -q --disable-pip-version-check torch==$$v; \
	   $$env/bin/pip install -q --disable-pip-version-check build/wheels/mho-*.whl -r requirements-python-test.txt; \
	   $$env/bin/python -c "import torch, mho; print('mho', mho.__version__, 'torch', torch.__version__)"; \
	   (cd python/tests && OMP_NUM_THREADS=1 MHO_TEST_DATA=$(CURDIR)/tests/data ../../$$env/bin/python -m pytest core with_torch test_examples.py test_notebooks.py); \
	 done

# The documentation site in build/site; every link between pages and every documented module is checked. The
# wheel has what the build makes: the stubs of the binary module and the configuration classes.
$(VENV)/.docs: requirements-docs.txt $(VENV)/.ok
	$(VENV)/bin/pip install -q --disable-pip-version-check -r requirements-docs.txt
	@touch $@

docs: $(VENV)/.docs python-wheel
	rm -rf build/docs-package
	python3 -m zipfile -e build/wheels/mho-*.whl build/docs-package
	rm build/docs-package/mho/_core*.so
	$(VENV)/bin/mkdocs build -q
	@echo build/site/python/index.html

quick-test: build
	ctest --test-dir build/release -j $(JOBS) --output-on-failure

bench: build
	OMP_NUM_THREADS=1 $(VENV)/bin/python bench/run.py

# aihwkit has no wheel for this Python: it is built from its source package (minutes, one compiler at
# a time needs little memory). The scripts that drive it are not part of this project: MHO_PEERS.
peers: $(PEERS)/.ok
$(PEERS)/.ok: requirements-peers.txt $(VENV)/.apt
	@missing=$$(for p in $(APT_PEERS); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	 if [ -n "$$missing" ]; then $(SUDO) apt-get update -q && \
	   $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi
	python3 -m venv $(PEERS)
	$(PEERS)/bin/pip install -q --disable-pip-version-check $(TORCH_INDEX) $(TORCH) || \
	  $(PEERS)/bin/pip install -q --disable-pip-version-check $(TORCH)
	$(PEERS)/bin/pip install -q --disable-pip-version-check -r requirements-peers.txt
	PATH=$(abspath $(PEERS))/bin:$$PATH $(PEERS)/bin/pip install --no-deps --no-build-isolation aihwkit==1.2.0
	$(PEERS)/bin/pip install -q --no-deps aihwkit-lightning==2.1.0
	$(PEERS)/bin/python -c "import aihwkit, aihwkit_lightning"
	@touch $@

bench-peers: build peers
	python3 bench/run_peers.py

kill-test: build
	OMP_NUM_THREADS=1 python3 tools/kill_test.py

fuzz: deps
	@missing=$$(for p in $(APT_FUZZ); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	 if [ -n "$$missing" ]; then $(SUDO) apt-get update -q && \
	   $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS)
	python3 tools/run_fuzzers.py --seconds $(FUZZ_S) --jobs $(FUZZ_JOBS)

# `make test` has the narrow form (folders up to tile); this one compiles for half an hour. What the
# OpenMP runtime keeps until the end is no leak of ours.
asan: deps
	@missing=$$(for p in $(APT_FUZZ); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	 if [ -n "$$missing" ]; then $(SUDO) apt-get update -q && \
	   $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi
	cmake --preset asan-all
	cmake --build --preset asan-all -j $(JOBS)
	LSAN_OPTIONS=suppressions=$(CURDIR)/cmake/lsan.supp:print_suppressions=0 \
	  ctest --test-dir build/asan-all -j $(JOBS) --output-on-failure --timeout 3000

asan-torch: deps
	cmake --preset asan-torch
	cmake --build --preset asan-torch -j $(JOBS)
	LSAN_OPTIONS=suppressions=$(CURDIR)/cmake/lsan.supp:print_suppressions=0 OMP_NUM_THREADS=1 \
	  ASAN_OPTIONS=detect_container_overflow=0 build/asan-torch/bin/test_nn

tsan: deps
	@missing=$$(for p in $(APT_TSAN); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	 if [ -n "$$missing" ]; then $(SUDO) apt-get update -q && \
	   $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS)
	OMP_TOOL_LIBRARIES=/usr/lib/llvm-19/lib/libarcher.so TSAN_OPTIONS=ignore_noninstrumented_modules=1 \
	  ctest --test-dir build/tsan -j 1 --output-on-failure --timeout 3000

SOURCES = $(shell git ls-files '*.cc' '*.h')
$(VENV)/.lint: requirements-lint.txt $(VENV)/.ok
	$(VENV)/bin/pip install -q --disable-pip-version-check -r requirements-lint.txt
	@touch $@

lint: build $(VENV)/.lint
	@missing=$$(for p in $(APT_LINT); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	 if [ -n "$$missing" ]; then $(SUDO) apt-get update -q && \
	   $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi
	$(VENV)/bin/clang-format --dry-run --Werror $(SOURCES)
	$(VENV)/bin/python tools/run_clang_tidy.py build/release clang-tidy-19
	$(VENV)/bin/ruff check tools bench python examples
	python3 tools/check_structure.py .

format: $(VENV)/.lint
	$(VENV)/bin/clang-format -i $(SOURCES)

clean:
	rm -rf build
