# Driver over the CMake presets: every target installs what it needs, builds, then runs.
#   make demo    the whole 595-cell grid of the paper on small synthetic cohorts, and both tables
#   make demo-slides  from whole-slide images to both tables, by a small grid
#   make test    all tests
#   make cluster-test  what can happen on a cluster, on a real Slurm of four nodes on this machine (root; tests/cluster/slurm)
#   make chaos   all of that, and random faults at random times: in simulation, on this machine (processes, files), on that Slurm (two hours)
#   make check   the shape of the tree, its format, and clang-tidy over all of it (minutes); `make quick-check` without that
#   make build   the programs build/mtlgrid and build/mtlgrid-trainer, and all tests
#   make fuzz    every parser of what others wrote, for a minute each (FUZZ_SECONDS=60) under sanitizers
#   make oracle  the fixtures of tests/oracle once more, by PyTorch, torchjd, scikit-learn and scipy, and compared
# LIBTORCH=FOLDER uses an installed LibTorch; CUDA=1 takes the CUDA set of LibTorch where no driver is found.
LIBTORCH ?= .deps/libtorch
PRESET ?= release

.PHONY: prepare build test check quick-check asan-parsers fuzz cluster-test chaos demo demo-slides bench asan oracle clean

prepare:
	@cmake/install_packages.sh
	@if [ "$(LIBTORCH)" = .deps/libtorch ]; then cmake/install_libtorch.sh .deps/libtorch; fi
	@cmake --preset $(PRESET) -DLIBTORCH=$(abspath $(LIBTORCH)) --log-level=NOTICE

build: prepare
	@cmake --build --preset $(PRESET)

test: build
	@ctest --preset $(PRESET)

quick-check:
	@cmake/install_packages.sh
	@cmake/install_checkers.sh .deps/checkers
	@tests/house/check.py
	@tests/house/links.py
	@tests/house/glossary.py
	@tests/house/recipes.py
	@tests/house/notices.py
	@git ls-files '*.h' '*.cpp' | xargs .deps/checkers/bin/clang-format --dry-run --Werror

check: quick-check build
	@tests/house/tidy.py .deps/checkers/bin/clang-tidy build

cluster-test: build
	@cmake/install_cluster.sh
	@tests/cluster/scenarios.py --set short

chaos: build
	@cmake/install_cluster.sh
	@cmake --build --preset $(PRESET) --target run_chaos
	@tests/end_to_end/chaos.py --runs 100
	@tests/end_to_end/chaos_files.py --runs 500
	@tests/end_to_end/chaos_slides.py --runs 100
	@tests/cluster/scenarios.py --set long --record build/scenarios.jsonl
	@tests/cluster/chaos_slurm.py --runs 20 --record build/chaos-slurm.jsonl

# Builds what it runs, no test.
demo: prepare
	@cmake --build --preset $(PRESET) --target mtlgrid mtlgrid-trainer
	@examples/demo.sh

demo-slides: prepare
	@cmake --build --preset $(PRESET) --target mtlgrid mtlgrid-trainer
	@examples/demo.sh --slides

bench: build
	@cmake --build --preset $(PRESET) --target bench

# Everything that parses what others wrote, under AddressSanitizer and UndefinedBehaviorSanitizer; no torch.
DATASETS = tables slides workbooks features bags splits cohorts synthetic
PARSERS = base $(DATASETS:%=datasets_%) results_store trainer_contract trainer_formats orchestrator_config orchestrator_messages
asan-parsers:
	@cmake/install_packages.sh
	@cmake --preset asan -DMTLGRID_TRAINER=OFF --log-level=NOTICE
	@cmake --build --preset asan --target $(PARSERS:%=test_%) fuzzers
	@ctest --preset asan -R '^($(subst $(eval ) ,|,$(strip $(PARSERS) fuzz)))/'

FUZZ_SECONDS ?= 60
fuzz:
	@cmake/install_packages.sh
	@cmake --preset asan -DMTLGRID_TRAINER=OFF --log-level=NOTICE
	@cmake --build --preset asan --target fuzzers
	@tests/fuzz/run.sh build-asan $(FUZZ_SECONDS)

asan:
	@$(MAKE) test PRESET=asan

oracle:
	@cmake/install_packages.sh
	@cmake/install_oracle.sh .deps/oracle
	@.deps/oracle/bin/python tests/oracle/remake.py

clean:
	rm -rf build build-asan demo
