# SPDX-License-Identifier: GPL-2.0
# Shared by the scripts of this folder: the places of files, and messages to the user.
# shellcheck shell=bash

# The front door's make must not pass its options on to the makes below it.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# Kernel versions that the series supports, the newest first.
SUPPORTED="7.3 7.2"

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
O=$(realpath -m "${O:-$TOP/build${KERNEL:+/$KERNEL}}")
CACHE=$(realpath -m "${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/efi-rtmap}")
ARCH=${ARCH:-x86_64}
BINDGEN_VERSION=0.72.1
BINDGEN=$CACHE/bindgen-$BINDGEN_VERSION
# Debian's packages for the lab's guest, unpacked over each other.
GUEST_ROOT=$CACHE/guest-root/$ARCH
# Debian's own kernels, each in a folder of its name in the lab.
DEBIAN_KERNELS=$CACHE/debian-kernels/$ARCH

say() { printf '==> %s\n' "$*"; }

die() {
	printf 'error: %s\n' "$1" >&2
	[ $# = 1 ] || printf '       %s\n' "${@:2}" >&2
	exit 1
}

[[ $ARCH = x86_64 || $ARCH = arm64 ]] || die "ARCH=$ARCH is not supported; supported: x86_64 arm64"

# have COMMAND...: succeeds if all of them are on PATH.
have() {
	local command
	for command; do
		command -v "$command" >/dev/null || return 1
	done
}

# run_logged LOG COMMAND...: the whole output goes to LOG. The user sees the progress: a terminal
# shows one line that changes, other outputs get a line every 20 seconds.
run_logged() {
	local log=$1 status=0
	shift
	mkdir -p "$(dirname "$log")"
	if [ "${V:-0}" != 0 ]; then
		"$@" 2>&1 | tee "$log" || status=$?
	else
		"$@" 2>&1 | tee "$log" | show_progress || status=$?
	fi
	[ "$status" = 0 ] && return
	printf '\n%s\n' "--- the last lines of $log"
	tail -n 30 "$log"
	die "failed; the whole log is $log"
}

show_progress() {
	local line count=0 next=$((SECONDS + 20))
	while IFS= read -r line; do
		count=$((count + 1))
		if [ -t 1 ]; then
			printf '\r\033[K    %s' "$(printf '%5d  %.60s' "$count" "$line")"
		elif [ "$SECONDS" -ge "$next" ]; then
			printf '    %5d  %.70s\n' "$count" "$line"
			next=$((SECONDS + 20))
		fi
	done
	[ ! -t 1 ] || printf '\r\033[K'
}

# The newest complete LLVM that is installed, or the one of LLVM_VERSION. 19 comes first, because we
# test with it.
llvm_version() {
	local version
	for version in ${LLVM_VERSION:-19 22 21 20 18 17 16 15}; do
		if have "clang-$version" "ld.lld-$version" "llvm-config-$version"; then
			echo "$version"
			return
		fi
	done
	die "no clang-N with lld-N and llvm-N, N from 15 on: run \`tools/prepare packages\`"
}

rustc_version() { rustc --version | cut -d' ' -f2; }

# The place of the Rust library's source, now or after it is fetched.
rust_lib_src() {
	local sysroot
	sysroot=$(rustc --print sysroot)/lib/rustlib/src/rust/library
	if [ -n "${RUST_LIB_SRC:-}" ]; then
		echo "$RUST_LIB_SRC"
	elif [ -d "$sysroot" ]; then
		echo "$sysroot"
	else
		echo "$CACHE/rust-src-$(rustc_version)/library"
	fi
}

# The folder of the kernels NAME. Their source is in `source`, and their objects are beside it. Seen
# from the objects, the source of stock kernels and of ours has the same path, so that ccache
# compiles common files once.
tree() { [ "$1" = stock ] && echo "$O/linux/stock" || echo "$O/linux/rtmap"; }
source_of() { echo "$(tree "$1")/source"; }
objects_of() { echo "$(tree "$1")/$ARCH/$1"; }

# The kernel version of that tree, such as 7.3.
tree_version() { awk '/^(VERSION|PATCHLEVEL) =/ { print $3 }' "$(source_of "$1")/Makefile" | paste -sd.; }

# The folder of Debian's configurations for ARCH and a kernel version.
deb_configs_of() { echo "$CACHE/linux-config-$1/$ARCH"; }

# Debian's name of ARCH.
debian_arch() { [ "$ARCH" = x86_64 ] && echo amd64 || echo arm64; }

# The prefix of the GNU tools for ARCH.
cross() { [ "$ARCH" = x86_64 ] || echo aarch64-linux-gnu-; }

# kernel_make NAME ARGUMENT...: the kernel's make. Everything that could differ between two machines
# is fixed. GCC names the compiler of kernels *-gcc. ccache makes paths below $O relative, so that
# its entries serve any clone. The prefix map keeps these paths out of __FILE__.
kernel_make() {
	local tree out llvm relative tools
	tree=$(source_of "$1") out=$(objects_of "$1")
	llvm=$(llvm_version)
	case $1 in
	*-gcc) tools=(LLVM= "CROSS_COMPILE=$(cross)" "CC=ccache ${GCC:-$(cross)gcc}") ;;
	*) tools=("LLVM=-$llvm" "CC=ccache clang-$llvm") ;;
	esac
	shift
	relative=$(realpath -m --relative-to="$out" "$tree")
	PATH=$BINDGEN/bin:$PATH \
	LIBCLANG_PATH=$("llvm-config-$llvm" --libdir) \
	CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache} CCACHE_BASEDIR=$O CCACHE_NOHASHDIR=1 \
	CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G} \
	KBUILD_BUILD_TIMESTAMP='2026-01-01' KBUILD_BUILD_USER=efi-rtmap KBUILD_BUILD_HOST=lab \
	KBUILD_BUILD_VERSION=1 \
	make --no-print-directory -C "$tree" "O=$out" "ARCH=$ARCH" "${tools[@]}" \
		"KCPPFLAGS=-fmacro-prefix-map=$relative/=" "RUST_LIB_SRC=$(rust_lib_src)" "-j$(nproc)" "$@"
}
