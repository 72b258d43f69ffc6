#!/usr/bin/env bash
# Runs every fuzz target of a build for some seconds, two at a time, and prints a line for each; status 1 if an input
# crashed one or took too long: it is then in BUILD/crashes.
#
#   tests/fuzz/run.sh BUILD SECONDS [TARGET...]
set -euo pipefail
build=$1 seconds=$2
shift 2
wanted=" $* "
one() {
  read -r name corpus <<<"$1"
  # shellcheck disable=SC2086  # the corpus is a list of options
  "$build/fuzz_$name" --seconds "$seconds" $corpus --crashes "$build/crashes"
}
export -f one
export build seconds
while read -r line; do
  if [[ "$wanted" == "  " || "$wanted" == *" ${line%% *} "* ]]; then printf '%s\0' "$line"; fi
done <"$build/fuzzers.txt" | xargs -0 -P 2 -I{} bash -c 'one "{}"'
