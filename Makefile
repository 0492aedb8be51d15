# binnacle: `make help` lists the targets.

MODE  ?= release
BUILD ?= build/$(MODE)
ROOMS ?= lib model net kube render promql validate mesh source sync reconcilers controller

VERSION := 0.1.0
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

PACKAGES := libcurl libevent libevent_openssl yaml-0.1 libcjson openssl zlib re2
CC       ?= gcc
CXX      ?= g++

BNC_WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wundef \
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wformat=2 \
  -Wswitch-enum -Wvla -Wcast-qual -Wwrite-strings -Wpointer-arith -Wdouble-promotion
BNC_WARN_CXX := -Wall -Wextra -Wshadow
BNC_CPPFLAGS := -I. -D_DEFAULT_SOURCE $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
BNC_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lstdc++ -lm

OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
LD_release  := -pie -Wl,-z,relro,-z,now,-z,noexecstack
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LD_asan     := -fsanitize=address,undefined
OPT_cover   := -O0 -g --coverage
LD_cover    := --coverage
BNC_CFLAGS  := -std=c11 $(BNC_WARN) $(OPT_$(MODE)) $(if $(WERROR),-Werror)
BNC_CXXFLAGS := -std=c++17 $(BNC_WARN_CXX) $(OPT_$(MODE)) $(if $(WERROR),-Werror)

C_SOURCES  := $(foreach room,$(ROOMS),$(wildcard $(room)/*.c))
CC_SOURCES := $(foreach room,$(ROOMS),$(wildcard $(room)/*.cc))
OBJECTS    := $(C_SOURCES:%.c=$(BUILD)/%.o) $(CC_SOURCES:%.cc=$(BUILD)/%.o)
CMD_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cmd/*.c))
SIM_MODEL  := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(wildcard tests/sim/self*.c tests/sim/source_sim*.c),\
  $(wildcard tests/sim/*.c)))
SIM_RUN    := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/sim/run/*.c))
SIM_SOURCE := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/sim/source_sim*.c))
SIM_SELF   := $(patsubst tests/sim/%.c,$(BUILD)/unit/test_sim_%,$(wildcard tests/sim/selftest_*.c))
FUZZ_REPLAYS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help demo demo-cluster image test sim torture e2e e2e-asan lint fmt crds bench bench-counts fuzz cover faults soak install uninstall deploy clean golden-update

all: deps-build $(BUILD)/binnacle ## build the binary: build/release/binnacle

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- building ---------------------------------------------------------------------

.PHONY: deps-build deps-test
deps-build:
	@hack/deps --install build
deps-test:
	@hack/deps --install build test

# Rebuild all when the flags change, and only then.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CXX) $(BNC_CFLAGS) $(CFLAGS) $(BNC_CPPFLAGS) $(CPPFLAGS)' | cmp -s - $@ || \
	 echo '$(CC) $(CXX) $(BNC_CFLAGS) $(CFLAGS) $(BNC_CPPFLAGS) $(CPPFLAGS)' > $@
.PHONY: FORCE
FORCE:

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(BNC_CPPFLAGS) $(CPPFLAGS) $(BNC_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CXX  $<"
	@$(CXX) $(BNC_CPPFLAGS) $(CPPFLAGS) $(BNC_CXXFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libbinnacle.a: $(OBJECTS)
	@rm -f $@ && ar rcs $@ $(OBJECTS)

$(BUILD)/cmd/version.o: BNC_CPPFLAGS += -DBNC_VERSION='"$(VERSION)"' -DBNC_COMMIT='"$(COMMIT)"'

$(BUILD)/binnacle: $(CMD_OBJECTS) $(BUILD)/libbinnacle.a
	@echo "  LD   $@"
	@$(CC) $(LD_$(MODE)) $(LDFLAGS) -o $@ $(CMD_OBJECTS) $(BUILD)/libbinnacle.a $(BNC_LIBS)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libbinnacle.a
	@mkdir -p $(@D)
	@$(CC) $(LD_$(MODE)) -o $@ $< $(BUILD)/libbinnacle.a $(BNC_LIBS) -lcmocka

$(BUILD)/tools/%: $(BUILD)/tests/tools/%.o $(BUILD)/libbinnacle.a
	@mkdir -p $(@D)
	@$(CC) $(LD_$(MODE)) -o $@ $< $(BUILD)/libbinnacle.a $(BNC_LIBS)

$(BUILD)/binnacle-sim: $(SIM_RUN) $(SIM_MODEL) $(BUILD)/libbinnacle.a
	@echo "  LD   $@"
	@$(CC) $(LD_$(MODE)) -o $@ $^ $(BNC_LIBS)

$(BUILD)/source-sim: $(SIM_SOURCE) $(SIM_MODEL) $(BUILD)/libbinnacle.a
	@echo "  LD   $@"
	@$(CC) $(LD_$(MODE)) -o $@ $^ $(BNC_LIBS) -lcmocka

$(BUILD)/unit/test_sim_%: $(BUILD)/tests/sim/%.o $(SIM_MODEL) $(BUILD)/libbinnacle.a
	@mkdir -p $(@D)
	@$(CC) $(LD_$(MODE)) -o $@ $^ $(BNC_LIBS) -lcmocka

# The model as a library: a fuzz target takes of it what it needs.
$(BUILD)/libmodel.a: $(SIM_MODEL)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay.o $(BUILD)/libmodel.a $(BUILD)/libbinnacle.a
	@mkdir -p $(@D)
	@$(CC) $(LD_$(MODE)) -o $@ $^ $(BNC_LIBS)

# Preloaded by tests/fault/run: as plain C, for it stands below everything.
$(BUILD)/fault.so: tests/fault/fault.c
	@mkdir -p $(@D)
	@$(CC) -std=c11 -O1 -Wall -Wextra -fPIC -shared -fno-builtin -U_FORTIFY_SOURCE -o $@ $<

# ---- demo -------------------------------------------------------------------------

DEMO ?= manifests/samples/first-light

demo: all ## the main job on samples, no cluster needed; WATCH=1 stays and follows edits
	@hack/demo $(BUILD)/binnacle $(DEMO) build/demo $(WATCH)

demo-cluster: all ## real control plane, Prometheus and an emulated mesh to try; CHECK=1: by itself
	@hack/tools/build etcd kubernetes prometheus statsd-exporter
	@hack/demo-cluster --binnacle $(BUILD)/binnacle $(if $(CHECK),--check)

image: ## the container image, with docker, podman or buildah
	@hack/image

# ---- tests ------------------------------------------------------------------------

test: deps-test ## all tests on real parts: unit, golden, simulation, sanitizers, e2e
	@$(MAKE) --no-print-directory tools-build
	@$(MAKE) --no-print-directory MODE=asan binaries unit-binaries sim-binary fuzz-binaries
	@$(MAKE) --no-print-directory MODE=release binaries sim-binary build/release/fault.so
	@hack/test build/asan build/release

quick: deps-test ## unit and golden tests under the sanitizers, without real parts
	@$(MAKE) --no-print-directory MODE=asan binaries unit-binaries fuzz-binaries
	@hack/test --quick build/asan build/release

.PHONY: binaries unit-binaries sim-binary fuzz-binaries tools-build quick
fuzz-binaries: $(FUZZ_REPLAYS)
binaries: $(BUILD)/binnacle
unit-binaries: $(UNIT_TESTS) $(SIM_SELF)
sim-binary: $(BUILD)/binnacle-sim $(BUILD)/source-sim
tools-build:
	@hack/tools/build

golden-update: $(BUILD)/binnacle ## rewrite what golden cases expect, to be read in the diff
	@tests/golden/run --update $(BUILD)/binnacle

CASES ?= ../shared/conformance
conformance: $(BUILD)/binnacle ## prometheus-operator's own cases, CASES=DIR; a table by group
	@tests/conformance/run $(BUILD)/binnacle $(CASES)

torture: all $(BUILD)/fault.so ## failing memory, reads, writes and disks; SAMPLE=2000 of the calls
	@tests/fault/run --binnacle $(BUILD)/binnacle --preload $(BUILD)/fault.so --sample $(or $(SAMPLE),2000)

e2e: all tools-build ## the cases on real parts alone; CASE=name for one
	@e2e/run --jobs $(if $(CASE),1,2) --binnacle $(BUILD)/binnacle $(CASE)

e2e-asan: tools-build ## the same under the sanitizers, bars not held; CASE=name for one
	@$(MAKE) --no-print-directory MODE=asan binaries
	@e2e/run --jobs $(if $(CASE),1,2) --sanitize $(CASE)

faults: tools-build ## the fault matrix on real parts, each row with its time; ROW=F17 for one
	@$(MAKE) --no-print-directory MODE=release binaries
	@$(MAKE) --no-print-directory MODE=asan binaries
	@$(MAKE) --no-print-directory build/release/fault.so
	@e2e/run --faults --binnacle build/release/binnacle --binnacle-asan build/asan/binnacle $(ROW)

soak: tools-build ## one fault after the other, MINUTES=10
	@$(MAKE) --no-print-directory MODE=release binaries
	@MINUTES=$(or $(MINUTES),10) e2e/run --faults --binnacle build/release/binnacle F40

SIM_ARGS = --steps $(or $(STEPS),60) --jobs $(or $(JOBS),0)
sim: ## the process on virtual time, 10 000 lives, 10 min: SEED=1 SEEDS=10000 STEPS=60 JOBS=cores
	@$(MAKE) --no-print-directory MODE=release sim-binary
	@build/release/binnacle-sim --seed $(or $(SEED),1) --seeds $(or $(SEEDS),10000) $(SIM_ARGS)

sim-nth: ## one life of the process, again for each operation of it, which fails; 1 min
	@$(MAKE) --no-print-directory MODE=release sim-binary
	@build/release/binnacle-sim --nth --jobs $(or $(JOBS),0)

sim-replay: ## writes of some lives on the model's API server, again on the real one; SEEDS="4 8"
	@hack/tools/build etcd kubernetes
	@$(MAKE) --no-print-directory MODE=release sim-binary
	@for seed in $(or $(SEEDS),4 8 20); do build/release/binnacle-sim --seed $$seed --steps 25 \
	    --trace build/trace-$$seed.json || exit 1; done
	@tests/sim/replay $(patsubst %,build/trace-%.json,$(or $(SEEDS),4 8 20))

mutation: ## small mutants of the pure rooms: what survives shows a missing case; COUNT=40 SEED=1
	@$(MAKE) --no-print-directory MODE=release binaries unit-binaries
	@tests/mutation/run --build build/release --count $(or $(COUNT),40) --seed $(or $(SEED),1)

FUZZ_SECONDS ?= 30
fuzz: ## libFuzzer on everything that reads bytes from outside, FUZZ_SECONDS=30 each; KEEP=1: into the corpora
	@FUZZ_SECONDS=$(FUZZ_SECONDS) hack/fuzz $(if $(KEEP),--keep)

bench: all ## what things cost, 10 min: SIZE=50,1000 PODS=1000 PHASES=cold,idle PEER=1, see hack/bench --help
	@$(MAKE) --no-print-directory $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
	@SIZE=$(SIZE) PODS=$(PODS) PHASES=$(PHASES) PEER=$(PEER) STEPS=$(STEPS) hack/bench $(BUILD)

bench-counts: ## instructions of the pure steps against bench/counts, 2 min; needs valgrind
	@$(MAKE) --no-print-directory $(BUILD)/bench/count_steps
	@bench/count --build $(BUILD)

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/libbinnacle.a
	@$(CC) $(LD_$(MODE)) -o $@ $< $(BUILD)/libbinnacle.a $(BNC_LIBS)

cover: ## unit and golden tests with gcov, summary by folder
	@$(MAKE) --no-print-directory MODE=cover binaries unit-binaries fuzz-binaries
	@hack/test --quick build/cover build/cover
	@hack/cover build/cover

# ---- the house --------------------------------------------------------------------

crds: $(BUILD)/binnacle ## crds/ and docs/reference/ from the field tables
	@hack/generate $(BUILD)/binnacle

lint: ## format, clang-tidy, layers, sizes, symbols, lone headers, generated files
	@hack/deps --install build test lint
	@$(MAKE) --no-print-directory MODE=release WERROR=1 binaries
	@hack/lint $(LINT_ARGS)

fmt: ## clang-format in place
	@clang-format-14 -i $$(git ls-files '*.c' '*.h' '*.cc')

# ---- install ----------------------------------------------------------------------

PREFIX ?= /usr/local
install: all ## the binary into PREFIX=/usr/local, DESTDIR honoured
	install -D -m 0755 $(BUILD)/binnacle $(DESTDIR)$(PREFIX)/bin/binnacle
	ln -sf binnacle $(DESTDIR)$(PREFIX)/bin/kubectl-binnacle

uninstall: ## take it out again
	rm -f $(DESTDIR)$(PREFIX)/bin/binnacle $(DESTDIR)$(PREFIX)/bin/kubectl-binnacle

deploy: ## CRDs and controller into the current cluster
	kubectl apply -f crds/
	kubectl apply -k manifests/overlays/cluster

clean: ## remove build/
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
