#!/usr/bin/env bash
# The whole grid of the paper (595 cells) on small synthetic cohorts, then Tables 1 and 2.
#   examples/demo.sh [FOLDER]     default: demo; an interrupted demo resumes where it stopped
set -euo pipefail
cd "$(dirname "$0")/.."
mtlgrid=${MTLGRID:-build/mtlgrid}
folder=${1:-demo}

if [ ! -e "$folder/grid.ini" ]; then
  "$mtlgrid" synth "$folder"
fi
"$mtlgrid" plan "$folder/grid.ini"

ranks=$(nproc)
if [ "$ranks" -gt 8 ]; then ranks=8; fi
status=0
if command -v mpirun >/dev/null 2>&1 && mpirun --version 2>/dev/null | grep -q 'Open MPI'; then
  options=(--enable-recovery --bind-to none --oversubscribe)
  if [ "$(id -u)" -eq 0 ]; then options+=(--allow-run-as-root); fi
  echo "demo: mpirun with $ranks ranks, one trainer each" >&2
  mpirun "${options[@]}" -n "$ranks" "$mtlgrid" run "$folder/grid.ini" --trainers 1 || true
  # mpirun's own status says nothing about the grid: the coordinator leaves its status in STORE.done.
  status=$(sed -n 's/.*"status": *\([0-9]*\).*/\1/p' "$folder/results/grid.db.done")
else
  echo "demo: no Open MPI here, so $ranks local trainers are used instead of ranks" >&2
  "$mtlgrid" run "$folder/grid.ini" --trainers "$ranks" || status=$?
fi
if [ "${status:-4}" -gt 1 ]; then
  echo "demo: the run ended with status ${status:-unknown}; rerun to resume" >&2
  exit "${status:-4}"
fi

"$mtlgrid" tables "$folder/results/grid.db" --out "$folder/tables"
cat "$folder/tables/table1.md"
echo
cat "$folder/tables/table2.md"
echo
echo "demo: all tables are in $folder/tables, the store is $folder/results/grid.db;" \
  "try: $mtlgrid query $folder/results/grid.db --view method_ranking" >&2
exit "$status"
