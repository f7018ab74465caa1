#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# One kexec cycle by hand. It shows if the next kernel keeps the EFI runtime map.
#
#   kexec-cycle.sh load [-c|-s] KERNEL INITRD [WORD...]   in this kernel: note the map, load the next
#   kexec-cycle.sh go                                     start what is loaded, now
#   kexec-cycle.sh compare                                in the next kernel: is the map the same?
#
# Only memory surely lives through a kexec. So the values of this kernel travel on the next one's
# command line, as the word rtmap.before=KIND:ORIGIN:SVAM:GENERATION:MAP. The kernel ignores the
# word, and `compare` reads it from /proc/cmdline. MAP is a checksum of
# /sys/firmware/efi/runtime-map, or none on arm64, which has no such folder.
#
# Exit status: 0 if all is well, 1 if the map differs, 2 if this cannot be done here.
#
# It needs kexec-tools and a POSIX shell, such as busybox.

set -u

RTMAP=/sys/firmware/efi/rtmap
RUNTIME_MAP=/sys/firmware/efi/runtime-map
LOADED=/sys/kernel/kexec_loaded

# kexec is in a folder that is not on everybody's path.
PATH=$PATH:/usr/sbin:/sbin

main() {
	[ $# -gt 0 ] || usage
	command=$1
	shift
	case $command in
	load) load "$@" ;;
	go) go "$@" ;;
	compare) compare "$@" ;;
	*) usage ;;
	esac
}

usage() {
	sed -n 's/^#   kexec-cycle/usage: kexec-cycle/p' "$0" >&2
	exit 2
}

# die MESSAGE [WHAT TO DO]
die() {
	echo "kexec-cycle: error: $1" >&2
	[ $# = 1 ] || echo "  $2" >&2
	exit 2
}

##
# In the kernel before

load() {
	system_call=
	case ${1-} in
	-c | -s)
		system_call=$1
		shift
		;;
	-*) usage ;;
	esac
	[ $# -ge 2 ] || usage
	kernel=$1 initrd=$2
	shift 2

	check_root
	check_kexec_tools
	check_file "$kernel"
	check_file "$initrd"
	check_rtmap
	[ "$(value kind)" != none ] || die "the runtime services of this kernel are off: $(value reason)" \
		"There is no map to pass on."
	[ -e $RTMAP/table ] || echo "note: this kernel has no handover table, so neither will the next" \
		"have one: compare will find the origin to be legacy."

	before=$(values) || exit
	# `--command-line` replaces everything. So the words of this kernel are repeated, except
	# those of an earlier cycle.
	command_line=$(without_before </proc/cmdline)
	command_line="${command_line:+$command_line }rtmap.before=$before${*:+ $*}"

	# Without -c or -s, kexec-tools choose the system call.
	kexec ${system_call:+"$system_call"} -l "$kernel" --initrd="$initrd" \
		--command-line="$command_line" ||
		die "kexec could not load $kernel" \
			"Is kexec restricted (sysctl kernel.kexec_load_disabled, kernel lockdown)? Try the other one of -c and -s."

	cat <<-END
		loaded: $kernel
		command line: $command_line
		before: $before

		Next, start it. That ends everything that runs on this machine:
		  systemctl kexec         shuts services down first, if this system has systemd
		  $0 go   starts it at once; save your work first
		Then, in the next kernel:
		  $0 compare
	END
}

go() {
	[ $# = 0 ] || usage
	check_root
	check_kexec_tools
	[ "$(cat $LOADED 2>/dev/null)" = 1 ] || die "no kernel is loaded" \
		"Run '$0 load KERNEL INITRD' first."
	sync
	kexec -e
	die "kexec -e came back: the next kernel was not started"
}

# Reads a command line and writes it without our word. The rest must not change: words can be
# quoted, and contain blanks.
without_before() {
	sed -e 's/^/ /' -e 's/ rtmap\.before=[^ ]*//g' -e 's/^ *//' -e 's/ *$//'
}

##
# In the kernel after

compare() {
	[ $# = 0 ] || usage
	check_root
	check_rtmap
	before=$(sed -n 's/.*rtmap\.before=\([^ ]*\).*/\1/p' /proc/cmdline)
	[ -n "$before" ] || die "there is no rtmap.before= on this kernel's command line" \
		"Run 'load' and 'go' in the kernel before, then 'compare' in the one that this starts."
	now=$(values) || exit

	old_ifs=$IFS
	IFS=:
	# shellcheck disable=SC2086 # the fields are wanted
	set -- $before $now
	IFS=$old_ifs
	[ $# = 10 ] || die "rtmap.before=$before is not KIND:ORIGIN:SVAM:GENERATION:MAP" \
		"Another version of this script may have written it."
	case $4 in
	'' | *[!0-9]*) die "rtmap.before=$before: generation '$4' is no number" ;;
	esac

	differences=0
	printf '%-12s %-14s %-14s %s\n' '' before now ''
	row kind "$1" "$6" "$1"
	row origin "$2" "$7" handover
	row svam "$3" "$8" "$3"
	row generation "$4" "$9" $(($4 + 1))
	row runtime-map "$5" "${10}" "$5"
	echo "reason: $(value reason)"

	if [ $differences = 0 ]; then
		echo "OK: this kernel uses the map of the one before"
		return 0
	fi
	echo "DIFFERS in $differences of 5 values: look for 'efi: rtmap:' in the kernel log"
	return 1
}

# row NAME BEFORE NOW EXPECTED
row() {
	verdict=ok
	if [ "$3" != "$4" ]; then
		verdict="differs: expected $4"
		differences=$((differences + 1))
	fi
	printf '%-12s %-14s %-14s %s\n' "$1" "$2" "$3" "$verdict"
}

##
# The values of a kernel

value() {
	cat "$RTMAP/$1" || die "cannot read $RTMAP/$1"
}

# The values to compare: KIND:ORIGIN:SVAM:GENERATION:MAP
values() {
	all=
	for name in kind origin svam generation; do
		one=$(value $name) || exit
		all=$all$one:
	done
	# arm64 does not have it, nor does a kernel whose runtime services are off.
	if [ ! -d $RUNTIME_MAP ]; then
		echo "${all}none"
		return
	fi
	map=$(runtime_map) || exit
	sum=$(echo "$map" | md5sum) || die "there is no md5sum on the path" "Install coreutils, or busybox with it."
	echo "$all${sum%% *}" | cut -c "-$((${#all} + 8))"
}

# The facts that both system calls pass on to the next kernel, a line for each region. kexec-tools
# pass the regions on in any order.
runtime_map() {
	for region in "$RUNTIME_MAP"/*; do
		line=
		for field in type phys_addr virt_addr num_pages attribute; do
			value=$(cat "$region/$field") || die "cannot read $region/$field"
			line="$line $value"
		done
		echo "$line"
	done | sort
}

##
# The requirements

check_root() {
	[ "$(id -u)" = 0 ] || die "you are not root" "Try again with sudo."
}

check_kexec_tools() {
	command -v kexec >/dev/null || die "there is no kexec on the path" \
		"Install kexec-tools (Debian: apt-get install kexec-tools)."
}

check_file() {
	[ -f "$1" ] || die "$1: no such file" "Give the image and the initrd of the next kernel, often in /boot."
	[ -r "$1" ] || die "$1: cannot be read"
}

check_rtmap() {
	[ -d $RTMAP ] || die "there is no $RTMAP" \
		"This kernel was built without CONFIG_EFI_RTMAP, was started with efi=rtmap:off, or not by EFI."
}

main "$@"
