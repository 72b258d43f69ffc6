#!/bin/sh
# run_mpi_test.sh RANKS EXPECTED_MARKERS PROGRAM MODE [MPIRUN OPTION...]: runs PROGRAM MODE FOLDER under mpirun and
# decides by the markers that ranks leave in FOLDER: mpirun's status says nothing once a rank was lost.
# Exit 77 (skipped) where there is no mpirun.
set -u
ranks=$1 expected=$2 program=$3 mode=$4
shift 4
if ! command -v mpirun >/dev/null; then
  echo "skipped: no mpirun"
  exit 77
fi
folder=$(mktemp -d "${TMPDIR:-/tmp}/mtlgrid-mpi-XXXXXX")
trap 'rm -rf "$folder"' EXIT

launch() {
  rm -f "$folder"/*
  timeout --kill-after=10 120 mpirun -n "$ranks" --allow-run-as-root --oversubscribe --bind-to none --enable-recovery \
    "$@" "$program" "$mode" "$folder" </dev/null
}

launch "$@"
status=$?
# Open MPI 4.1.4: mpirun itself crashed in 1 of about 300 losses of a rank over TCP (docs/processes.md). That is not
# what is tested here; once is chance, twice is a failure.
if [ "$status" -eq 139 ]; then
  echo "mpirun crashed: tried again"
  launch "$@"
  status=$?
fi
[ "$status" -eq 124 ] && echo "mpirun did not end by itself"
for rank in $expected; do
  if [ ! -e "$folder/rank-$rank.ok" ]; then
    echo "rank $rank did not get to the end (mpirun: $status)"
    exit 1
  fi
done
[ "$status" -ne 124 ]
