# SPDX-License-Identifier: GPL-2.0
# The front door. `make help` lists what there is.

O     ?= build
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/efi-rtmap
ARCH  ?= x86_64

override O     := $(abspath $(O))
override CACHE := $(abspath $(CACHE))
export O CACHE ARCH KDIR RUST_LIB_SRC V PREPARE
export CARGO_TARGET_DIR := $(O)/cargo

# Each is built from $(O)/src/stock, or is ours and built from $(O)/src/rtmap.
names_x86_64 := stock rtmap
names_arm64  := stock rtmap rtmap-39 rtmap-64k

ifndef names_$(ARCH)
$(error ARCH=$(ARCH) is not supported; supported: x86_64 arm64)
endif
ifneq ($(words $(O) $(CACHE)),2)
$(error O=$(O) CACHE=$(CACHE): the kernel's build cannot handle blanks in paths)
endif

MAKEFLAGS += --no-print-directory --no-builtin-rules
.NOTPARALLEL:
.DELETE_ON_ERROR:

manifest := tools/Cargo.toml
graft    := $(O)/cargo/release/graft --overlay .
objects  := $(O)/linux/$(ARCH)
kernels  := $(names_$(ARCH):%=$(objects)/%/.built)
recipe   := $(wildcard tools/configs/*.config) tools/build-kernel tools/common.sh

# Rust that the kernel compiles: formatted by this repository's rules, as all else.
kernel_rust := $(shell find drivers arch rust samples -name '*.rs' 2>/dev/null)

.PHONY: help
help: ## show this list
	@echo 'efi-rtmap: the EFI runtime map of Linux, in Rust'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  ARCH=arm64    for arm64 instead of x86_64; check does both, whatever this says'
	@echo '  O=DIR         build there (default: ./build)'
	@echo '  CACHE=DIR     keep downloads and the compiler cache there (default: ~/.cache/efi-rtmap)'
	@echo '  KDIR=TREE     use a copy of this kernel tree instead of fetching one'
	@echo '  RUST_LIB_SRC=DIR  use this source of the Rust library'
	@echo '  PREPARE=no    do not look for Debian packages; everything is installed'
	@echo '  V=1           show everything that the builds print'

##
# What people come for

.PHONY: demo
demo: guest $(objects)/rtmap/.built ## three kernels on one firmware, as a table
	@tools/run-lab demo

.PHONY: check
check: ## every check there is, for both architectures, with a summary
	@tools/check

.PHONY: bench
bench: guest $(kernels) ## costs of each map kind against stock, in instructions
	@tools/run-lab bench

##
# Building

.PHONY: prepare
prepare: ## packages, kernel source, rust-src, bindgen
	@tools/prepare all

.PHONY: host-tools
host-tools: prepare
	@cargo build --release --locked --manifest-path $(manifest) -p efi-rtmap-graft -p efi-rtmap-lab

.PHONY: guest
guest: host-tools ## the lab's guest
	@tools/run-lab guest

.PHONY: graft
graft: host-tools ## put the overlay and the hooks into the build's kernel tree
	@$(graft) $(O)/src/rtmap

.PHONY: check-graft
check-graft: host-tools ## say what is applied to the build's kernel tree
	@$(graft) --check $(O)/src/rtmap

.PHONY: kernel
kernel: $(kernels) ## the kernels, ours and stock

# Neither `prepare` nor `graft` touches these unless the content changes, so a kernel is looked
# at again only when there is a reason.
$(O)/src/stock.id: prepare ;
$(O)/src/rtmap/.efi-rtmap.toml: graft ;

$(objects)/stock/.built: $(O)/src/stock.id $(recipe)
	@tools/build-kernel stock

$(filter-out $(objects)/stock/%,$(kernels)): $(objects)/%/.built: $(O)/src/rtmap/.efi-rtmap.toml $(recipe)
	@tools/build-kernel $*

##
# The parts of `make check`

.PHONY: check-host
check-host: ## format, lints and tests of everything that runs on this machine
	@tools/prepare rust
	cargo fmt --manifest-path $(manifest) --all --check
	$(if $(kernel_rust),rustfmt --check --edition 2021 $(kernel_rust))
	cargo clippy --manifest-path $(manifest) --locked --workspace --all-targets -- -D warnings
	cargo test --manifest-path $(manifest) --locked --workspace

.PHONY: check-overlay
check-overlay: graft ## checkpatch, and the graft on the real kernel tree
	@tools/check-kernel checkpatch graft

.PHONY: check-kernel
check-kernel: $(kernels) ## warnings, clippy, and that off is off
	@tools/check-kernel warnings clippy off

.PHONY: check-lab
check-lab: guest $(kernels) ## all scenarios in QEMU
	@tools/run-lab run --scenarios tools/scenarios

.PHONY: clean
clean: ## remove the build; downloads and the compiler cache stay
	rm -rf $(O)
