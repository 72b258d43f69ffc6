#!/bin/sh
# Installs the Debian packages of the cluster fixture (tests/cluster/slurm), which says itself why it cannot run where that
# was not possible.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions.env"
# shellcheck disable=SC2086  # the list is meant to be split
exec "$here/install_packages.sh" $CLUSTER_PACKAGES
