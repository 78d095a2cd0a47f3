.DEFAULT_GOAL := help
CARGO ?= cargo
DEMO := target/demo

# Who must not know whom; docs/architecture.md says why.
PURE := iiif-image-api iiif-config aws-dsn
tree = $(CARGO) tree --locked -e normal --prefix none -f '{p}' -p
# $(call forbid,CRATES,PATTERN): fail when one of CRATES reaches a crate that matches PATTERN.
define forbid
@for crate in $(1); do \
  if $(tree) $$crate | sort -u | grep -E '^($(2)) v'; then echo "$$crate must not depend on the above"; exit 1; fi; \
done
endef

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: demo
demo: ## Make derivatives of a sample image and say where they are
	@echo "Building; the first time this takes some minutes." >&2
	@$(CARGO) build --locked -q -p iiif-process
	@rm -rf $(DEMO)
	@target/debug/iiif-process -quiet -report-html \
	  -config-source file://./examples/config -instructions-source file://./examples/config \
	  -config-images-source-uri file://./examples/images -config-derivatives-cache-uri file://./$(DEMO) \
	  'file:///zuber.jpg?target=zuber'
	@echo "Derivatives: $(DEMO)/zuber" >&2
	@echo "Open in a browser: $(DEMO)/zuber/index.html" >&2

.PHONY: test
test: ## Run all tests
	$(CARGO) test --locked --workspace --all-features

.PHONY: lint
lint: ## Check formatting and lints
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings

.PHONY: doc
doc: ## Build the documentation, with warnings denied
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --all-features

.PHONY: features
features: ## Check that each codec and each storage backend compiles alone, and what needs none without any
	@for feature in bmp gif jpeg png tiff webp webp-lossy; do \
	  echo "iiif-pipeline with $$feature"; \
	  $(CARGO) clippy --locked -q -p iiif-pipeline --no-default-features --features $$feature -- -D warnings || exit 1; done
	@for feature in aws azure gcp http; do \
	  echo "iiif-storage with $$feature"; \
	  $(CARGO) clippy --locked -q -p iiif-storage --no-default-features --features $$feature -- -D warnings || exit 1; done
	@for crate in iiif-derivatives iiif-process; do \
	  echo "$$crate without any"; \
	  $(CARGO) clippy --locked -q -p $$crate --no-default-features -- -D warnings || exit 1; done

.PHONY: bench
bench: ## Run the benchmarks
	$(CARGO) bench --locked -p iiif-benches

.PHONY: layers
layers: ## Check that no crate reaches a layer it must not know
	$(call forbid,$(PURE),tokio|hyper|reqwest|object_store|image|zune-jpeg|png|tiff)
	$(call forbid,iiif-pipeline iiif-resize,tokio|hyper|reqwest|object_store|iiif-storage|iiif-config)
	$(call forbid,iiif-storage,image|zune-jpeg|png|tiff|iiif-pipeline|iiif-image-api)
	$(call forbid,iiif-derivatives,clap|axum)
	$(call forbid,iiif-cli,iiif-image-api|iiif-config|iiif-pipeline|iiif-storage|iiif-derivatives)
	$(call forbid,$(PURE) iiif-pipeline iiif-storage iiif-derivatives iiif-cli iiif-process,iiif-testkit)
	@echo "layers hold"

.PHONY: deny
deny: ## Check licences, bans and sources of dependencies
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny --locked check licenses bans sources; \
	else echo "WARNING: cargo-deny is not installed, so licences, bans and sources were NOT checked (cargo install cargo-deny)" >&2; fi

.PHONY: deps
deps: ## Fetch everything that a build needs
	$(CARGO) fetch --locked

.PHONY: ci
ci: lint test doc features layers deny demo ## Run everything that CI runs
	$(CARGO) bench --locked -p iiif-benches --profile dev -- --test
