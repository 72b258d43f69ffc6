#!/bin/sh
# Installs the Debian packages of the cluster fixture (tests/cluster/slurm). Where that is not possible it names what is
# missing and goes on: the fixture then says why it cannot run.
set -eu
packages="slurm-wlm munge iproute2 faketime"

missing=""
for package in $packages; do
  state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "mtlgrid: the cluster fixture needs root and Debian's packages; missing:$missing" >&2
  exit 0
fi
echo "mtlgrid: installing$missing" >&2
apt-get update -q
# shellcheck disable=SC2086  # the list is meant to be split
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
