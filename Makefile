.DEFAULT_GOAL := help
CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
DEMO := $(TARGET)/demo

# libjpeg-turbo is built in where its tools are: cmake, and nasm for the SIMD of x86_64. The other
# features are all named once, so that the rest is the same without it.
TURBO_TOOLS := cmake $(if $(filter x86_64 amd64,$(shell uname -m)),nasm)
MISSING_TOOLS := $(strip $(foreach tool,$(TURBO_TOOLS),$(if $(shell command -v $(tool) 2>/dev/null),,$(tool))))
PURE_FEATURES := --features iiif-pipeline/webp-lossy,iiif-testkit/s3,iiif-testkit/aws,iiif-testkit/lambda,iiif-launch/aws,iiif-launch/lambda,aws-dsn/sdk
ifeq ($(MISSING_TOOLS),)
FEATURES := --all-features
TURBO := --features turbojpeg
JPEG := libjpeg-turbo
else
FEATURES := $(PURE_FEATURES)
TURBO :=
JPEG := zune-jpeg and jpeg-encoder; libjpeg-turbo, which is faster, needs $(MISSING_TOOLS): make deps
endif

# Who must not know whom; docs/architecture.md says why.
PURE := iiif-image-api iiif-config aws-dsn
CODECS := image|zune-jpeg|jpeg-encoder|turbojpeg|hayro-jpeg2000|png|tiff|gif|webp
tree = $(CARGO) tree --locked -e normal --prefix none -f '{p}' -p
# $(call forbid,CRATES,PATTERN): fail when one of CRATES reaches a crate that matches PATTERN.
define forbid
@for crate in $(1); do \
  if $(tree) $$crate | sort -u | grep -E '^($(2)) v'; then echo "$$crate must not depend on the above"; exit 1; fi; \
done
endef

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: jpeg
jpeg:
	@echo "JPEG: $(JPEG)" >&2

.PHONY: build tools bin
tools bin: build
build: jpeg ## Build the programs, optimised, in target/release
	$(CARGO) build --locked --release -p iiif-process $(TURBO)
	$(CARGO) build --locked --release -p iiif-process-ecs
	$(CARGO) build --locked --release -p iiif-server $(TURBO)

.PHONY: demo
demo: jpeg ## Make derivatives of a sample image and say where they are
	@echo "Building; the first time this takes some minutes." >&2
	@$(CARGO) build --locked -q -p iiif-process $(TURBO)
	@rm -rf "$(DEMO)"
	@"$(TARGET)/debug/iiif-process" -quiet -report-html \
	  -config-source file://./examples/config -instructions-source file://./examples/config \
	  -config-derivatives-cache-uri "$(DEMO)" \
	  'file:///zuber.jpg?target=zuber'
	@echo "Derivatives: $(DEMO)/zuber" >&2
	@echo "Open in a browser: $(DEMO)/zuber/index.html" >&2

# What `iiif-server -example` zooms with: the script, its buttons, and the licence that asks to come along.
VIEWER := $(TARGET)/viewer
VIEWER_VERSION := 6.1.1
VIEWER_SHA512 := 83888a7b6abc07ae3649a053dfec78645dfff1bd53c4f3f27728e6b6b38b803ae561630a77d65733ed426ffc5af435724a4becffb97a1d1d671ca7c3e45dd3b3
VIEWER_PACKAGE := $(TARGET)/openseadragon-$(VIEWER_VERSION).tgz
.PHONY: viewer
viewer: $(VIEWER)/version-$(VIEWER_VERSION) ## Fetch OpenSeadragon from npm, for the pages of iiif-server -example

$(VIEWER)/version-$(VIEWER_VERSION):
	@mkdir -p $(TARGET)
	@if command -v npm >/dev/null; then \
	  npm pack --silent --pack-destination $(TARGET) openseadragon@$(VIEWER_VERSION) >/dev/null; \
	elif command -v curl >/dev/null; then curl --fail --silent --show-error --location --output $(VIEWER_PACKAGE) \
	  https://registry.npmjs.org/openseadragon/-/openseadragon-$(VIEWER_VERSION).tgz; \
	else echo "error: make viewer needs npm or curl" >&2; exit 1; fi
	@echo "$(VIEWER_SHA512)  $(VIEWER_PACKAGE)" | sha512sum --check --status \
	  || { echo "error: openseadragon $(VIEWER_VERSION) is not what it was; $(VIEWER_PACKAGE) has another SHA-512" >&2; exit 1; }
	@rm -rf $(VIEWER) && mkdir -p $(VIEWER)
	@tar -xzf $(VIEWER_PACKAGE) -C $(VIEWER) --strip-components=1 package/LICENSE.txt
	@tar -xzf $(VIEWER_PACKAGE) -C $(VIEWER) --strip-components=3 \
	  package/build/openseadragon/openseadragon.min.js package/build/openseadragon/images
	@rm $(VIEWER_PACKAGE) && touch $@
	@echo "OpenSeadragon $(VIEWER_VERSION) is in $(VIEWER)" >&2

.PHONY: test
test: jpeg ## Run all tests
	$(CARGO) test --locked --workspace $(FEATURES)

# The whole workspace is selected so that the features of dependencies, and with them what is built,
# stay those of `make test`.
.PHONY: test-pure
test-pure: ## Run the tests of crates and programs with the JPEG codecs in Rust
	$(CARGO) test --locked --workspace $(PURE_FEATURES) --lib --bins --test '*'

.PHONY: test-both
ifeq ($(MISSING_TOOLS),)
test-both: test test-pure ## Run all tests, with both JPEG back ends where libjpeg-turbo can be built
else
test-both: test
	@echo "WARNING: the tests of feature turbojpeg were NOT run: $(MISSING_TOOLS) not found (make deps)" >&2
endif

.PHONY: lint
lint: jpeg ## Check formatting and lints
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --locked --workspace --all-targets $(FEATURES) -- -D warnings

.PHONY: doc
doc: jpeg ## Build the documentation, with warnings denied
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps $(FEATURES)

.PHONY: features
features: ## Check that each codec and each storage backend compiles alone, and what needs none without any
	@for feature in bmp gif jpeg jpeg2000 png tiff webp webp-lossy $(if $(TURBO),turbojpeg); do \
	  echo "iiif-pipeline with $$feature"; \
	  $(CARGO) clippy --locked -q -p iiif-pipeline --no-default-features --features $$feature -- -D warnings || exit 1; done
	@for feature in aws azure gcp http; do \
	  echo "iiif-storage with $$feature"; \
	  $(CARGO) clippy --locked -q -p iiif-storage --no-default-features --features $$feature -- -D warnings || exit 1; done
	@echo "aws-dsn with sdk"
	@$(CARGO) clippy --locked -q -p aws-dsn --features sdk -- -D warnings
	@for crate in iiif-derivatives iiif-http iiif-process iiif-server; do \
	  echo "$$crate without any"; \
	  $(CARGO) clippy --locked -q -p $$crate --no-default-features -- -D warnings || exit 1; done

.PHONY: bench
bench: jpeg ## Run the benchmarks
	$(CARGO) bench --locked -p iiif-benches $(TURBO)

# Photographs and runs of the report; PHOTOS= is a folder of others, with names as in benches/peers/photos.rs.
PEERS := $(TARGET)/peers
PHOTOS ?=
RUNS ?= 5
HUGE_SIDE := 30000
# $(call program,NAME,PROFILE,FLAGS): build the program and keep it under a name.
define program
$(CARGO) build --locked --profile $(2) -p iiif-process $(3)
install -D $(TARGET)/$(2)/iiif-process $(PEERS)/programs/$(1)
endef

.PHONY: bench-report
bench-report: jpeg ## Run the benchmarks and the comparison with libvips and sharp, and write docs/benchmarks.md
	python3 benches/peers/install.py $(PEERS)
	$(call program,default,release,)
	$(call program,without-aws,release,--no-default-features --features "azure gcp http webp-lossy")
	$(if $(TURBO),$(call program,turbojpeg,release,$(TURBO)))
	$(call program,profiled,profiling,$(TURBO))
	$(CARGO) build --locked -p iiif-benches --bins
	$(TARGET)/debug/photos $(PEERS)/photos
	$(TARGET)/debug/photos $(PEERS)/huge $(HUGE_SIDE)
	rm -rf $(TARGET)/criterion
	$(CARGO) bench --locked -p iiif-benches $(TURBO)
	python3 benches/peers/measure.py --peers $(PEERS) --results $(PEERS)/results.json --runs $(RUNS) \
	  --program $(PEERS)/programs/default --program-without-aws $(PEERS)/programs/without-aws \
	  $(if $(TURBO),--program-turbo $(PEERS)/programs/turbojpeg) \
	  --program-profiled $(PEERS)/programs/profiled --slow-s3 $(TARGET)/debug/slow-s3 \
	  --criterion $(TARGET)/criterion --huge $(PEERS)/huge --photos $(or $(PHOTOS),$(PEERS)/photos) \
	  --photos-are "$(if $(PHOTOS),Photographs of a camera.,Drawn by \`benches/peers/photos.rs\`.)"
	python3 benches/peers/render.py $(PEERS)/results.json docs/benchmarks.md

# A build of iiif-server and a photograph; without SERVER= it is built, without PHOTO= one is drawn.
SERVER ?=
PHOTO ?= $(if $(PHOTOS),$(PHOTOS)/photo-15mp.jpg)
DRAWN := $(PEERS)/photos/photo-15mp.jpg
.PHONY: bench-server
bench-server: $(if $(SERVER),,jpeg) $(if $(PHOTO),,$(DRAWN)) ## Compare iiif-server with iipimage-server and iiif-processor, and write its section of docs/benchmarks.md
	python3 benches/peers/install.py $(PEERS)
	$(if $(SERVER),,$(CARGO) build --locked --release -p iiif-server $(TURBO))
	python3 benches/peers/measure_server.py --peers $(PEERS) --results $(PEERS)/server.json --runs $(RUNS) \
	  --server $(or $(SERVER),$(TARGET)/release/iiif-server) --photo $(or $(PHOTO),$(DRAWN)) \
	  --photo-is "$(if $(PHOTO),A photograph of a camera.,Drawn by \`benches/peers/photos.rs\`.)"
	python3 benches/peers/render_server.py $(PEERS)/server.json docs/benchmarks.md

$(DRAWN):
	$(CARGO) build --locked -p iiif-benches --bins
	$(TARGET)/debug/photos $(@D)

# What is baked into the container image, and packed beside the function that processes. An engine takes
# files from the source tree alone, so they are put into its target/docker.
CONFIG ?=
INSTRUCTIONS ?=
IMAGE ?= go-iiif-process-ecs
# linux/arm64 or linux/amd64; that of the engine without.
PLATFORM ?=
DOCKER ?= docker
# $(call check,CONFIG,INSTRUCTIONS): fail unless both files are there and the program itself reads them.
# Without a URI it reads both, opens the buckets, which are none, and ends with 3: nothing to do.
define check
@test -f "$(1)" || { echo "error: missing config file: CONFIG=$(1)" >&2; exit 1; }
@test -f "$(2)" || { echo "error: missing instructions file: INSTRUCTIONS=$(2)" >&2; exit 1; }
$(CARGO) build --locked -q -p iiif-process $(TURBO)
$(TARGET)/debug/iiif-process -print-config -config "$(1)" -instructions "$(2)" >/dev/null
@said=$$($(TARGET)/debug/iiif-process -config "$(1)" -instructions "$(2)" \
  -config-images-source-uri null:// -config-derivatives-cache-uri null:// 2>&1); \
  test $$? = 3 || { echo "$$said" >&2; exit 1; }
@echo "config $(1) and instructions $(2) can be read" >&2
endef

# Fail unless there is an engine that builds images.
define engine
@command -v $(DOCKER) >/dev/null \
  || { echo "error: no image was built: $(DOCKER) is not installed" >&2; exit 1; }
@$(DOCKER) info >/dev/null 2>&1 \
  || { echo "error: no image was built: no engine answers $(DOCKER) (see: $(DOCKER) info)" >&2; exit 1; }
endef

.PHONY: docker-process docker
docker: docker-process
docker-process: ## Build the container image with CONFIG=FILE and INSTRUCTIONS=FILE baked in
	$(engine)
	$(call check,$(CONFIG),$(INSTRUCTIONS))
	install -m 644 -D "$(CONFIG)" target/docker/config.json
	install -m 644 -D "$(INSTRUCTIONS)" target/docker/instructions.json
	$(DOCKER) build -t $(IMAGE) $(if $(PLATFORM),--platform $(PLATFORM)) --build-arg CONFIG=target/docker/config.json \
	  --build-arg INSTRUCTIONS=target/docker/instructions.json .

SERVER_IMAGE ?= iiif-server
.PHONY: docker-server
docker-server: ## Build the container image of iiif-server, with OpenSeadragon
	$(engine)
	$(DOCKER) build -t $(SERVER_IMAGE) $(if $(PLATFORM),--platform $(PLATFORM)) --target server .

# cargo-lambda links with zig, which comes along with it, against the C library of Amazon Linux 2023. Its
# own optimisations are off: they would end the program when a codec panics, and ask for AVX2.
LAMBDA_TOOL = $(shell grep '^cargo-lambda==' $(E2E_TESTS)/requirements.txt)
LAMBDA := $(TARGET)/lambda
LAMBDA_CONFIG := $(or $(CONFIG),examples/config/config.json)
LAMBDA_INSTRUCTIONS := $(or $(INSTRUCTIONS),examples/config/instructions.json)
LAMBDA_FEATURES ?= $(if $(TURBO),--features iiif-process/turbojpeg)
HAS_ARM64 = $(wildcard $(shell rustc --print sysroot 2>/dev/null)/lib/rustlib/aarch64-unknown-linux-gnu)
# $(call functions,PROCESSOR,SUFFIX): build the programs for one kind of processor, and zip them.
define functions
PATH="$(abspath $(LAMBDA))/venv/bin:$$PATH" cargo-lambda lambda build --locked --release --disable-optimizations \
  --target $(1)-unknown-linux-gnu.2.34 --lambda-dir $(LAMBDA)/programs$(2) \
  -p iiif-process -p iiif-process-ecs $(LAMBDA_FEATURES)
install -m 644 "$(LAMBDA_CONFIG)" $(LAMBDA)/programs$(2)/config.json
install -m 644 "$(LAMBDA_INSTRUCTIONS)" $(LAMBDA)/programs$(2)/instructions.json
python3 -m zipfile -c $(LAMBDA)/iiif-process$(2).zip $(LAMBDA)/programs$(2)/iiif-process/bootstrap \
  $(LAMBDA)/programs$(2)/config.json $(LAMBDA)/programs$(2)/instructions.json
python3 -m zipfile -c $(LAMBDA)/process-task$(2).zip $(LAMBDA)/programs$(2)/iiif-process-ecs/bootstrap
endef

.PHONY: lambda lambda-process
lambda-process: lambda
lambda: jpeg $(LAMBDA)/venv/installed ## Zip the programs as Lambda functions, with CONFIG= and INSTRUCTIONS= or those of the example
	$(call check,$(LAMBDA_CONFIG),$(LAMBDA_INSTRUCTIONS))
	$(call functions,x86_64,)
	$(if $(HAS_ARM64),$(call functions,aarch64,-arm64),@echo "no zips for arm64: rustup target add aarch64-unknown-linux-gnu" >&2)
	@ls -l $(LAMBDA)/*.zip

$(LAMBDA)/venv/installed:
	python3 -m venv $(LAMBDA)/venv
	$(LAMBDA)/venv/bin/pip install --quiet --disable-pip-version-check $(LAMBDA_TOOL)
	touch $@

# The programs against servers in the place of AWS, and the server against the official validator, a
# browser, many clients, and a bucket that fails, over HTTP. They are built as `make test` builds them.
E2E := $(TARGET)/e2e
E2E_TESTS := bins/iiif-process-ecs/tests/e2e
E2E_SERVER_TESTS := bins/iiif-server/tests/e2e
E2E_REQUIREMENTS := $(E2E_TESTS)/requirements.txt $(E2E_SERVER_TESTS)/requirements.txt
# The folder of the programs, which may be that of a release, and how long many clients ask at once.
E2E_PROGRAMS ?= $(TARGET)/debug
LOAD_SECONDS ?= 60
# $(call e2e,FOLDER): run the tests of a folder; what they share is in the first.
define e2e
E2E_PROGRAMS="$(abspath $(E2E_PROGRAMS))" E2E_FOLDER="$(abspath $(E2E))" E2E_VIEWER="$(abspath $(VIEWER))" \
  LOAD_SECONDS="$(LOAD_SECONDS)" PYTHONPATH="$(abspath $(E2E_TESTS))" PYTHONDONTWRITEBYTECODE=1 \
  $(E2E)/venv/bin/python -m unittest discover --start-directory $(1) $(E2E_FLAGS)
endef
.PHONY: e2e
e2e: jpeg $(E2E)/installed viewer ## Test the programs with moto and cargo-lambda in the place of AWS, and the server with the validator and Chromium (Python 3.11)
	$(CARGO) test --locked --workspace $(FEATURES) --test '*' --no-run
	$(call e2e,$(E2E_SERVER_TESTS))
	$(call e2e,$(E2E_TESTS))

# All that is needed is listed, and zig, which cargo-lambda needs to build only and is 400 MB, is not.
$(E2E)/installed: $(E2E_REQUIREMENTS)
	@python3 -c 'import sys; sys.exit("error: make e2e needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	rm -rf $(E2E)
	python3 -m venv $(E2E)/venv
	$(E2E)/venv/bin/pip install --quiet --disable-pip-version-check --no-deps $(E2E_REQUIREMENTS:%=-r %)
	touch $@

.PHONY: layers
layers: ## Check that no crate reaches a layer it must not know
	$(call forbid,$(PURE),tokio|hyper|reqwest|object_store|$(CODECS))
	$(call forbid,iiif-pipeline iiif-resize,tokio|hyper|reqwest|object_store|iiif-storage|iiif-config)
	$(call forbid,iiif-storage,$(CODECS)|iiif-pipeline|iiif-image-api)
	$(call forbid,iiif-derivatives,clap|axum)
	$(call forbid,iiif-http,clap|iiif-cli)
	$(call forbid,iiif-launch iiif-process-ecs,$(CODECS)|iiif-pipeline|iiif-derivatives)
	$(call forbid,iiif-cli,iiif-image-api|iiif-config|iiif-pipeline|iiif-storage|iiif-derivatives|iiif-http)
	$(call forbid,$(PURE) iiif-pipeline iiif-resize iiif-storage iiif-derivatives iiif-http iiif-launch iiif-cli iiif-process iiif-process-ecs iiif-server,iiif-testkit)
	@echo "layers hold"

.PHONY: deny
deny: ## Check licences, bans and sources of dependencies
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny --locked check licenses bans sources; \
	else echo "WARNING: cargo-deny is not installed, so licences, bans and sources were NOT checked (cargo install cargo-deny)" >&2; fi

.PHONY: advisories
advisories: ## Check dependencies for known weaknesses, with the database of RustSec as it is now
	$(CARGO) deny --locked check advisories

.PHONY: deps
deps: ## Fetch everything that a build needs, and install the tools of libjpeg-turbo, and libmagic for make e2e, if possible
	$(CARGO) fetch --locked
ifneq ($(MISSING_TOOLS),)
	@if command -v brew >/dev/null; then brew install $(MISSING_TOOLS); \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -q && apt-get install -qy --no-install-recommends $(MISSING_TOOLS); \
	else false; fi \
	|| echo "WARNING: $(MISSING_TOOLS) could not be installed; JPEG stays with the codecs in Rust" >&2
endif
	@if python3 -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library("magic"))' 2>/dev/null; then :; \
	elif command -v brew >/dev/null; then brew install libmagic; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -q && apt-get install -qy --no-install-recommends libmagic1; \
	else false; fi \
	|| echo "WARNING: libmagic could not be installed, without which make e2e fails" >&2

.PHONY: ci
ci: lint test-both e2e doc features layers deny demo ## Run everything that CI runs
	$(CARGO) test --locked --workspace $(FEATURES) --bench '*'
