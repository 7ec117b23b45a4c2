# The menu. `make demo` and `make test` set up all they need; the rest assumes nothing else either.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-builtin-rules
.DEFAULT_GOAL := help

# Heavy things live outside the checkout and outlast it.
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dataplane
export CARGO_TARGET_DIR ?= $(CACHE)/target
export DATAPLANE_CACHE  ?= $(CACHE)

# Who looks around in the demo has its kubectl, aws and terraform first on PATH. They reach the demo and nothing else.
export PATH := $(subst $(CACHE)/demo/bin:,,$(PATH))

# The tools that only lint and docs need. Those in Go are pinned by .ci/tools/go.mod.
CARGO_DENY     := 0.20.2
TOOLS          := $(CACHE)/tools
cargo_deny     := $(TOOLS)/cargo-deny-$(CARGO_DENY)/bin/cargo-deny
go_tools       := $(TOOLS)/go/built
tflint         := $(TOOLS)/go/tflint
terraform_docs := $(TOOLS)/go/terraform-docs

MODULES := $(patsubst %/versions.tf,%,$(shell find modules -name versions.tf -not -path '*/.terraform/*' | sort))

##@ Use

.PHONY: demo
demo: setup ## Put a whole data plane up (emulated AWS, real Kubernetes API server) and leave it running
	cargo build -p terraform-provider-dataplane -p dataplane-operator
	@# Where a node can be started, the operator runs in it from its image.
	@if [[ "$$(uname -s)$$(id -u)" == Linux0 ]] && command -v containerd runc >/dev/null; then $(MAKE) image; fi
	cargo run --quiet -p acceptance --bin demo -- up

.PHONY: demo-down
demo-down: ## Destroy what `make demo` left and stop its servers
	cargo run --quiet -p acceptance --bin demo -- down

##@ Check

.PHONY: test
test: setup ## Every test that runs without root: units, protocol, modules, examples, acceptance
	# One build for all that follows: programs with the features that tests bring, and run as files, since a selection of
	# its own would compile what they share anew, the SDK of EC2 for minutes.
	# Tests wait for Terraform, clusters and clouds: two per core keep the cores busy.
	cargo build --quiet --workspace --all-targets
	RUST_TEST_THREADS="$${RUST_TEST_THREADS:-$$((2 * $$(getconf _NPROCESSORS_ONLN)))}" "$(CARGO_TARGET_DIR)/debug/emulators" run cargo test --quiet --workspace
	go -C acceptance/azure test ./...
	go -C acceptance/schemas test ./...

.PHONY: acceptance
acceptance: image ## The node tier (root on Linux): the operator's image as pods on a real kubelet
	acceptance/setup/install.sh node
	cargo build --quiet --workspace --all-targets
	"$(CARGO_TARGET_DIR)/debug/node-tier"

.PHONY: bench
bench: setup ## Measure, and write docs/benchmarks.md
	cargo build --quiet --release -p terraform-provider-dataplane -p dataplane-operator -p dataplane-fleet
	DATAPLANE_BINARIES="$(CARGO_TARGET_DIR)/release" cargo run --quiet -p acceptance --bin bench

.PHONY: lint
lint: fmt clippy rustdoc deny lint-terraform ## Everything that reads and never runs the code

.PHONY: fmt
fmt: ## Formatting of Rust, Go and HCL
	cargo fmt --all --check
	@stale="$$(gofmt -l acceptance/cluster acceptance/azure acceptance/schemas)"; test -z "$$stale" || { echo "gofmt: $$stale"; exit 1; }
	terraform fmt -check -diff -recursive modules
	terraform fmt -check -diff -recursive examples

.PHONY: clippy
clippy: ## Lints, warnings as errors
	cargo clippy --quiet --workspace --all-targets -- -D warnings

.PHONY: rustdoc
rustdoc: ## Our crates' documentation, warnings as errors
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --document-private-items

.PHONY: lint-crates
lint-crates: ## Each crate alone, so that no missing feature hides behind another crate's
	for crate in $$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(*(p["name"] for p in json.load(sys.stdin)["packages"]))'); do \
	  echo "checking $$crate alone"; cargo check --quiet -p "$$crate" --all-targets; \
	done

.PHONY: deny
deny: $(cargo_deny) ## Licences, duplicates, sources and banned crates
	# All platforms' crates, of which a build here has fetched only Linux's.
	cargo fetch --quiet --locked
	$(cargo_deny) --offline --log-level error check bans licenses sources

.PHONY: advisories
advisories: $(cargo_deny) ## Known vulnerabilities (fetches the advisory database)
	$(cargo_deny) --log-level error check advisories

.PHONY: lint-terraform
lint-terraform: $(go_tools) ## Naming and structure of modules, and that their READMEs are fresh
	$(tflint) --recursive --config="$(CURDIR)/.tflint.hcl" --chdir=modules
	$(tflint) --recursive --config="$(CURDIR)/.tflint.examples.hcl" --chdir=examples
	for module in $(MODULES); do $(terraform_docs) --config .terraform-docs.yml --output-check "$$module"; done

##@ Make

.PHONY: generate
generate: ## Wire types from the protos, custom resource definitions from their types
	DATAPLANE_UPDATE_GENERATED=1 cargo test --quiet -p dataplane-proto --test generated
	DATAPLANE_UPDATE_GENERATED=1 cargo test --quiet -p dataplane-api --test generated

.PHONY: docs
docs: $(go_tools) ## Registry pages from the schemas, module READMEs from their variables
	DATAPLANE_UPDATE_GENERATED=1 cargo test --quiet -p terraform-provider-dataplane --test docs
	for module in $(MODULES); do $(terraform_docs) --config .terraform-docs.yml "$$module"; done

.PHONY: schemas
schemas: ## Schemas of others' providers, from the packages that acceptance/schemas/packages.txt names
	mkdir -p "$(CACHE)/packages"
	cd "$(CACHE)/packages" && npm pack --silent $$(awk '!/^#/ { print $$2 "@" $$3 }' "$(CURDIR)/acceptance/schemas/packages.txt")
	go -C acceptance/schemas run . extract "$(CACHE)/packages" published

.PHONY: schemas-fresh
schemas-fresh: schemas ## That what is committed of others' providers is what their packages say
	git diff --exit-code acceptance/schemas

.PHONY: image
image: ## The operator as an OCI image tar, made without Docker
	.ci/image

.PHONY: package
package: ## The provider as a registry release for this platform: zip, manifest, checksums
	.ci/package

.PHONY: setup
setup: ## Emulators, the test cluster and their clients, installed into the cache
	acceptance/setup/install.sh

.PHONY: emulators
emulators: setup ## Run the emulated AWS and the Kubernetes API server in the foreground
	cargo run --quiet -p acceptance --bin emulators

.PHONY: clean
clean: ## Remove what was built and installed into the cache
	@test ! -e "$(CACHE)/demo" || { echo "clean: the demo uses what would be removed: make demo-down first" >&2; exit 1; }
	mkdir -p "$(CACHE)"
	cd "$(CACHE)" && rm -rf target tools azure schemas packages cluster image task-image scratch env setup.lock kubeconfig.lock azurite-* kwok-* python-*

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A development build: it runs for a second, and optimising it costs 195 CPU seconds.
$(cargo_deny):
	CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$(TOOLS)/cargo-deny-$(CARGO_DENY)" \
	  --target-dir "$(TOOLS)/build" "cargo-deny@$(CARGO_DENY)"
	rm -rf "$(TOOLS)/build"

$(go_tools): .ci/tools/go.mod .ci/tools/go.sum
	mkdir -p "$(@D)"
	go build -C .ci/tools -o "$(@D)/" tool
	touch "$@"
