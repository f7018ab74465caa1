# SPDX-License-Identifier: GPL-2.0
# Shared by the scripts that fetch from Debian: apt without a change to the system's configuration.
# shellcheck shell=bash

# Suites of Debian that may have a kernel or rust-src of the right version.
SUITES="trixie-backports trixie forky"

# install_missing PACKAGE...: installs those of them that are missing, or says how to.
install_missing() {
	local installed missing=() package
	installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
	for package; do
		grep -qxF "$package installed" <<<"$installed" || missing+=("$package")
	done
	[ "${#missing[@]}" = 0 ] && return
	if [ "$(id -u)" != 0 ]; then
		die "Debian packages are missing. Run this, then try again:" \
			"  sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
	fi
	say "installing Debian packages (a few minutes): ${missing[*]}"
	if ! apt-cache show "${missing[@]}" >/dev/null 2>&1; then
		run_logged "$O/log/apt-update.log" apt-get update
	fi
	run_logged "$O/log/apt-install.log" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends "${missing[@]}"
}

# fetch_deb PACKAGE GLOB: sets DEB to a package file in $CACHE/debs. It uses apt with its own
# folders and its own source list, and does not touch the system's configuration.
fetch_deb() {
	local package=$1 glob=$2 suite version
	mkdir -p "$CACHE/debs"
	for DEB in "$CACHE/debs/$package"_*.deb; do
		# shellcheck disable=SC2053 # a glob is meant
		[[ $(basename "$DEB") = "$package"_$glob ]] && [ -f "$DEB" ] && return
	done
	have apt-get || return 1
	for suite in $SUITES; do
		private_apt "$suite" apt-get update >"$CACHE/apt-$suite.log" 2>&1 || continue
		while read -r version; do
			# shellcheck disable=SC2053
			[[ $version = $glob ]] || continue
			(cd "$CACHE/debs" && run_logged "$O/log/fetch-$package.log" \
				private_apt "$suite" apt-get download "$package=$version") || return 1
			DEB=$(ls "$CACHE/debs/$package"_"${version#*:}"_*.deb)
			return
		done < <(private_apt "$suite" apt-cache madison "$package" | cut -d'|' -f2 | tr -d ' ')
	done
	return 1
}

# private_apt SUITE COMMAND...: for the architecture DEB_ARCH, or else for this machine's.
private_apt() {
	local suite=$1 root=$CACHE/apt/$1
	shift
	mkdir -p "$root"
	sources "$suite" >"$root/sources.list"
	apt_in "$root" "$1" "${DEB_ARCH:-$(dpkg --print-architecture)}" -o "Dir::Etc::sourcelist=$root/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o APT::Get::List-Cleanup=0 "${@:2}"
}

# sources SUITE...: a source list of these suites, from the place where this machine gets Debian.
sources() {
	local uri
	uri=$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u | sed -n 1p || true)
	[ -n "$uri" ] || die "apt knows no Debian repository: run \`apt-get update\`, or set KDIR= and RUST_LIB_SRC="
	printf "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri %s main\n" "$@"
}

# apt_in FOLDER COMMAND ARCHITECTURE ARGUMENT...: apt with its own lists and files there.
apt_in() {
	local root=$1
	mkdir -p "$root/lists/partial" "$root/cache/archives/partial"
	"$2" -o "Dir::State::Lists=$root/lists" -o "Dir::Cache=$root/cache" -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o "APT::Architecture=$3" -o "APT::Architectures=$3" "${@:4}"
}

# unpack_deb FILE DESTINATION SUBFOLDER: DESTINATION becomes the package's SUBFOLDER.
unpack_deb() {
	rm -rf "$2.unpack" "$2"
	mkdir -p "$2.unpack"
	dpkg -x "$1" "$2.unpack"
	mv "$2.unpack/$3" "$2"
	rm -rf "$2.unpack"
}
