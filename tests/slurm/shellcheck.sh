#!/bin/sh
# Checks the batch scripts; 77 (skipped) where shellcheck is not installed.
set -eu
cd "$1"
if ! command -v shellcheck >/dev/null 2>&1; then
  echo "skipped: shellcheck is not installed"
  exit 77
fi
shellcheck -x slurm/*.sh tests/slurm/*.sh examples/demo.sh
