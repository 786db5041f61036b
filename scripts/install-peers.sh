#!/usr/bin/env bash
# Unpacks the real programs that tests use as peers into a folder, without installing or starting
# them: Prometheus 3.x and promtool, vmagent, node-exporter. With --chromium it also installs
# Chromium for the browser tests.
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
    [ -x "$bin/prometheus-node-exporter" ]
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
  echo "deb [signed-by=$keyring] $mirror ${PEERS_SUITE:-sid} main" > "$dir/apt/sources.list"
  options=(-o "Dir::Etc::sourcelist=$root/apt/sources.list" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$root/apt/lists" -o "Dir::Cache=$root/apt/cache"
    -o APT::Sandbox::User=root -o Acquire::Retries=3)
  apt-get "${options[@]}" -qq update
  for package in prometheus promtool victoria-metrics prometheus-node-exporter; do
    (cd "$root/apt/cache/archives" && apt-get "${options[@]}" -qq download "$package")
    dpkg -x "$root/apt/cache/archives/${package}"_*.deb "$dir"
  done
  rm -rf "$dir/apt"
fi
have_peers || { echo "install-peers: a peer is missing in $bin" >&2; exit 1; }
"$bin/prometheus" --version 2>&1 | head -n 1

if [ "$chromium" = yes ] && ! command -v chromium >/dev/null; then
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends chromium >/dev/null
  chromium --version --no-sandbox
fi
