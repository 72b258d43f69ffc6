#!/bin/sh
# Installs the Debian packages that the build needs, or those that are named. Where there is no right to install, or no apt-get,
# it names what is missing and the build continues: the libraries may come from modules or conda (docs/building.md).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions.env"

if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "mtlgrid: not a Debian system; taking libraries from the environment (docs/building.md)" >&2
  exit 0
fi
missing=""
for package in ${*:-$DEBIAN_PACKAGES}; do
  state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -eq 0 ]; then
  sudo=""
elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
  sudo="sudo"
else
  echo "mtlgrid: no right to install packages; missing:$missing" >&2
  echo "mtlgrid: continuing with the libraries of the environment; docs/building.md explains how to use modules or conda" >&2
  exit 0
fi
echo "mtlgrid: installing$missing" >&2
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q
# shellcheck disable=SC2086  # the list is meant to be split
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
