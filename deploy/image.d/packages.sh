# shellcheck shell=bash disable=SC2154  # variables of rootfs
# Which packages of Debian an image has, and from which release. Sourced by rootfs; `major`, `deploy` and `work` are its variables.

# shellcheck source=deploy/image.d/releases.sh
. "$deploy/image.d/releases.sh"

# Dependencies of maintainer scripts, and of what is not used: nothing here links against them, which check_libraries proves.
unwanted='debconf|openssl.*|gcc-[0-9]*-base|libdb5.3(t64)?|libsasl2-modules-db'
if [[ -n $major ]]; then # Perl is for Debian's wrappers, LLVM for the JIT, PAM for su
  unwanted+='|perl.*|lib.*perl.*|postgresql(-client)?-common(-dev)?|ssl-cert|ucf|sensible-utils|adduser|passwd|dpkg|usrmerge|init-system-helpers'
  unwanted+='|libllvm.*|libz3-4|pinentry-curses|locales|libc-l10n|lsb-base|sysvinit-utils|libpam-.*|libgdbm.*|libsemanage.*|libsepol2'
  unwanted+='|netbase|base-files|debianutils|util-linux-extra'
fi

packages() { # <set>...
  awk -v sets=" $* " '{ sub(/#.*/, "") } NF && index(sets, " " $1 " ") { print $2 }' "$deploy/packages.txt"
}

apt_options=()

# apt-get as if nothing were installed.
fresh_apt() { # <argument>...
  apt-get -q -y --no-install-recommends -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/debs" \
    -o Debug::NoLocking=1 -o APT::Sandbox::User=root "${apt_options[@]}" "$@"
}

# Makes known to it what a newer release has, beside Debian 12's, in lists of its own. DEBIAN_MIRROR is where from.
know_release() { # <release>
  local mirror=${DEBIAN_MIRROR:-http://deb.debian.org} release
  for release in bookworm "$1"; do
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s/%s main\n' \
      "$mirror" "debian $release" "$mirror" "debian-security $release-security"
  done >"$work/sources.list"
  mkdir -p "$work/lists/partial"
  apt_options=(-o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Default-Release="/^$1/" -o Acquire::Languages=none)
  fresh_apt -o APT::Update::Error-Mode=any update
}

# Debian 13 calls these two otherwise, for a reason that is none on this architecture; and libdate-tz is C++, whose next version
# may be another under the same name.
names_in_newer() {
  sed -E 's,^(libssl3|libcurl4)$,&t64,; s,^libdate-tz3$,&/bookworm,'
}

# All packages that the sets need. Those of which only a part is wanted, or nothing, go again.
download() {
  local release names
  mkdir -p "$work/debs/partial"
  : >"$work/status"
  chmod 0755 "$work" "$work/debs"
  release=$(newer_release "$major")
  mapfile -t names < <(packages runtime ${major:+jobs} | if [[ -n $release ]]; then names_in_newer; else cat; fi)
  if [[ -n $major ]]; then names+=("postgresql-$major" locales); fi
  if [[ -n $release ]]; then know_release "$release"; fi
  fresh_apt --download-only install "${names[@]}"
  if [[ -n $major ]]; then dpkg-deb --extract "$work"/debs/locales_*.deb "$work/locales"; fi
  find "$work/debs" -name '*.deb' | grep -E "/($unwanted)_" | xargs -r rm
}
