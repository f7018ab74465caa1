#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Starts a kernel under UEFI firmware in QEMU, goes through two kexecs, and checks
# that each kernel has the same EFI runtime map.

set -ue

LAST=2			# the number of the last kernel
KIND=ident		# the map kind that the first kernel is asked for
TIME_LIMIT=600		# seconds

test_dir=$(realpath "$(dirname "$0")")
kernel_dir=$(realpath "$test_dir/../../../..")
tmp_dir=$(mktemp -d -t efi-rtmap.XXXXXXXX)
serial="$tmp_dir/serial"
trap 'rm -rf "$tmp_dir"' EXIT

source "$test_dir/../kselftest/ktap_helpers.sh"

function usage() {
	cat <<END
$0 [-k image | -b build_dir] [-t target] [-f code:variables] [-j jobs] [-h]
Options:
	-k)	test this kernel image
	-b)	build a kernel in this directory, and test it
	-t)	target architecture: x86_64 or aarch64; a foreign one needs
		CROSS_COMPILE or LLVM
	-f)	the firmware's two files: code, and a template of its variables
	-j)	number of jobs of the build
	-h)	display this help
Without -k and -b, the test is about the running kernel, if that has a map.
END
}

function skip() {
	ktap_skip_all "$1"
	exit "$KSFT_SKIP"
}

function need() {
	command -v "$1" >/dev/null || skip "$1 is missing"
}

function kernel_make() {
	make -s -C "$kernel_dir" ARCH="$ARCH" "$@" >&2 || ktap_exit_fail_msg "no build of: $*"
}

function build_kernel() {
	local build_dir=$1 jobs=$2 wanted="$tmp_dir/config" lost

	mkdir -p "$build_dir"
	cat "$test_dir/config" "$test_dir/config.$target" >"$wanted"
	cp "$wanted" "$build_dir/.config"
	kernel_make O="$build_dir" olddefconfig
	lost=$(grep -vxFf "$build_dir/.config" "$wanted") || true
	[ -z "$lost" ] || skip "the configuration cannot have $lost"
	kernel_make O="$build_dir" -j"$jobs" "$KERNEL_IMAGE"
}

# An installed test has its init already.
function make_init() {
	if [ ! -e "$test_dir/Makefile" ]; then
		cp "$test_dir/init" "$tmp_dir/"
		return
	fi
	mkdir "$tmp_dir/headers"
	make -s -C "$test_dir" ARCH="$ARCH" OUTPUT="$tmp_dir" \
		KHDR_INCLUDES="-isystem $tmp_dir/headers/usr/include" >&2 ||
		ktap_exit_fail_msg "no build of: init"
}

function make_initrd() {
	make_init
	cp "$kernel" "$tmp_dir/kernel"
	(cd "$tmp_dir" && printf '%s\n' init kernel | cpio --quiet -o -H newc >initrd)
}

function find_firmware() {
	local pair

	for pair in $FIRMWARE; do
		if [ -r "${pair%:*}" ] && [ -r "${pair#*:}" ]; then
			echo "$pair"
			return
		fi
	done
}

function run_qemu() {
	local cmdline status=0

	cmdline="$KERNEL_CMDLINE panic=-1 retain_initrd efi=rtmap:$KIND"
	cmdline="$cmdline rtmap_kernel=0 rtmap_last=$LAST"
	cp "${firmware#*:}" "$tmp_dir/variables"
	chmod u+w "$tmp_dir/variables"
	timeout "$TIME_LIMIT" $QEMU_CMD -m 1G -smp 2 -no-reboot -display none -nodefaults \
		-accel tcg -drive if=pflash,format=raw,readonly=on,file="${firmware%:*}" \
		-drive if=pflash,format=raw,file="$tmp_dir/variables" \
		-serial file:"$serial" -kernel "$kernel" -initrd "$tmp_dir/initrd" \
		-append "$cmdline" >&2 || status=$?
	[ "$status" = 0 ] ||
		ktap_print_msg "exit code of QEMU: $status; 124 if $TIME_LIMIT s were too short"
}

# The values of the fact $2 that the init of kernel $1 has told.
function fact() {
	tr -d '\r' <"$serial" | sed -n "s/^efi-rtmap: $1 $2 //p"
}

# check NAME FOUND WANTED. Nothing found is never right.
function check() {
	if [ -n "$2" ] && [ "$2" = "$3" ]; then
		ktap_test_pass "$1"
	else
		ktap_print_msg "found '$2', expected '$3'"
		ktap_test_fail "$1"
	fi
}

function check_regions() {
	local found before

	found=$(fact "$1" region)
	if [ "$1" = 0 ]; then
		check "kernel 0: there are regions" "${found:+some}" some
	else
		before=$(($1 - 1))
		check "kernel $1: the regions are those of kernel $before" \
			"$found" "$(fact "$before" region)"
	fi
}

function check_kernel() {
	local origin=handover

	[ "$1" != 0 ] || origin=fresh
	check "kernel $1: the map kind is $KIND" "$(fact "$1" kind)" "$KIND"
	check "kernel $1: the origin is $origin" "$(fact "$1" origin)" "$origin"
	check "kernel $1: the generation is $1" "$(fact "$1" generation)" "$1"
	check "kernel $1: SVAM was called" "$(fact "$1" svam)" "called-$KIND"
	check "kernel $1: generation 0 called SVAM" "$(fact "$1" svam_generation)" 0
	check_regions "$1"
	check "kernel $1: no page is W+X" "$(fact "$1" wx_pages)" 0
	check "kernel $1: variables of kernels up to $1 can be read" \
		"$(fact "$1" variables)" "$(seq -s , 0 "$1"),"
}

function main() {
	local target jobs build_dir="" kernel="" firmware="" i

	target=$(uname -m)
	jobs=$(nproc)
	while getopts 'k:b:t:f:j:h' opt; do
		case $opt in
		k) kernel=$(realpath "$OPTARG") ;;
		b) build_dir=$(realpath -m "$OPTARG") ;;
		t) target="$OPTARG" ;;
		f) firmware="$OPTARG" ;;
		j) jobs="$OPTARG" ;;
		h) usage; exit 0 ;;
		*) usage; exit 1 ;;
		esac
	done

	ktap_print_header
	[ -e "$test_dir/$target.conf" ] || skip "architecture $target is not supported"
	source "$test_dir/$target.conf"

	need "${QEMU_CMD%% *}"
	need cpio
	[ -n "$firmware" ] || firmware=$(find_firmware)
	if [ ! -r "${firmware%:*}" ] || [ ! -r "${firmware#*:}" ]; then
		skip "UEFI firmware is missing, see -f"
	fi

	if [ -n "$build_dir" ]; then
		build_kernel "$build_dir" "$jobs"
		kernel="$build_dir/arch/$ARCH/boot/$KERNEL_IMAGE"
	elif [ -z "$kernel" ]; then
		[ -d /sys/firmware/efi/rtmap ] ||
			skip "the running kernel has no map, see -k and -b"
		kernel="/boot/vmlinuz-$(uname -r)"
		[ -r "$kernel" ] || skip "$kernel cannot be read"
	fi
	[ -r "$kernel" ] || ktap_exit_fail_msg "$kernel cannot be read"

	make_initrd
	ktap_set_plan $(((LAST + 1) * 8))
	run_qemu
	for ((i = 0; i <= LAST; i++)); do
		check_kernel "$i"
	done
	[ "$KTAP_CNT_FAIL" = 0 ] || tr -d '\r' <"$serial" | sed 's/^/# /'
	ktap_finished
}

main "$@"
