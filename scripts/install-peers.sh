#!/usr/bin/env bash
# Unpacks the real programs that tests use as peers into a folder, without installing or starting
# them: Prometheus 3.x and promtool, vmagent, node-exporter, and the library libfaketime. With
# --chromium it also installs Chromium for the browser tests.
#
#   scripts/install-peers.sh [--chromium] [DIR]      default DIR: .peers
#
# Needs Debian (or a derivative) with apt and dpkg. It uses the mirror of this machine's apt.
# Package lists and downloads stay inside DIR, so the system's apt is not changed. It does nothing
# when DIR has the peers already.
set -euo pipefail

chromium=no
if [ "${1:-}" = --chromium ]; then chromium=yes; shift; fi
dir=${1:-.peers}
bin=$dir/usr/bin

have_peers() {
  [ -x "$bin/prometheus" ] && [ -x "$bin/promtool" ] && [ -x "$bin/vmagent" ] &&
    [ -x "$bin/prometheus-node-exporter" ] && [ -e "$bin/libfaketimeMT.so.1" ]
}

if ! have_peers; then
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    grep -oE '(https?|ftp)://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
  [ -n "$mirror" ] || {
    echo "install-peers: this machine's apt has no Debian mirror; add one and run again" >&2
    exit 1
  }
  mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
  root=$(realpath "$dir")
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  # A library is loaded with this machine's libc, and that of another suite asks for a newer one.
  own=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
  for suite in "${PEERS_SUITE:-sid}" "$own"; do
    echo "deb [signed-by=$keyring] $mirror $suite main"
  done | sort -u > "$dir/apt/sources.list"
  options=(-o "Dir::Etc::sourcelist=$root/apt/sources.list" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$root/apt/lists" -o "Dir::Cache=$root/apt/cache"
    -o APT::Sandbox::User=root -o Acquire::Retries=3)
  apt-get "${options[@]}" -qq update
  suite=${PEERS_SUITE:-sid}
  for package in prometheus/"$suite" promtool/"$suite" victoria-metrics/"$suite" \
    prometheus-node-exporter/"$suite" libfaketime/"$own"; do
    (cd "$root/apt/cache/archives" && apt-get "${options[@]}" -qq download "$package")
    dpkg -x "$root/apt/cache/archives/${package%/*}"_*.deb "$dir"
  done
  # Beside the programs, where tests look for peers.
  (cd "$bin" && ln -sf ../lib/*/faketime/libfaketimeMT.so.1 .)
  rm -rf "$dir/apt"
fi
have_peers || { echo "install-peers: a peer is missing in $bin" >&2; exit 1; }
"$bin/prometheus" --version 2>&1 | head -n 1

if [ "$chromium" = yes ] && ! command -v chromium >/dev/null; then
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends chromium >/dev/null
  chromium --version --no-sandbox
fi
