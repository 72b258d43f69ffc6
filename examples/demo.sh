#!/usr/bin/env bash
# The whole grid of the paper (595 cells) on small synthetic cohorts, then Tables 1 and 2.
#   examples/demo.sh [FOLDER]     default: demo; an interrupted demo resumes where it stopped
#   examples/demo.sh --slides [FOLDER]     from whole-slide images: features first, then a small grid; default: demo-slides
set -euo pipefail
cd "$(dirname "$0")/.."
mtlgrid=${MTLGRID:-build/mtlgrid}
slides=""
if [ "${1:-}" = --slides ]; then
  slides=yes
  shift
fi
folder=${1:-demo${slides:+-slides}}

if [ ! -e "$folder/grid.ini" ]; then
  "$mtlgrid" synth "$folder" --planted ${slides:+--slides}
fi
if [ -z "$slides" ]; then "$mtlgrid" plan "$folder/grid.ini"; fi

store="" store_done="" # set by what the program prints
# shellcheck source=slurm/lib.sh
. slurm/lib.sh
if ! take_paths "$("$mtlgrid" paths "$folder/grid.ini")"; then
  echo "demo: $mtlgrid paths $folder/grid.ini does not print where the store is" >&2
  exit 4
fi

ranks=$(nproc) || ranks=1
if ! is_number "$ranks" || [ "$ranks" -lt 1 ]; then ranks=1; fi
if [ "$ranks" -gt 8 ]; then ranks=8; fi
options=(--enable-recovery --bind-to none --oversubscribe)
if [ "$(id -u)" -eq 0 ]; then options+=(--allow-run-as-root); fi

# Why mpirun cannot be used here; nothing if it can. Open MPI 4.1 refuses host names with an underscore, which containers have.
mpirun_lacks() {
  local answer
  if ! mpirun --version 2>/dev/null | grep -q 'Open MPI'; then
    echo "no Open MPI here"
  elif ! answer=$(mpirun "${options[@]}" -n "$ranks" true 2>&1); then
    echo "mpirun cannot start a program here:"
    printf '%s\n' "$answer" | grep -v '^-*$' | head -6 | sed 's/^/    /'
  fi
}

status=0
lacks=$(mpirun_lacks)
if [ -n "$lacks" ]; then
  echo "demo: $lacks" >&2
  echo "demo: so $ranks local trainers are used instead of ranks" >&2
fi

# launch COMMAND: mtlgrid COMMAND on all ranks, or with as many local trainers; leaves its status in `status`.
launch() {
  status=0
  if [ -z "$lacks" ]; then
    echo "demo: mpirun with $ranks ranks, one trainer each" >&2
    mpirun "${options[@]}" -n "$ranks" "$mtlgrid" "$1" "$folder/grid.ini" --trainers 1 || true
    # mpirun's own status says nothing about the grid: the coordinator leaves its status in STORE.done.
    status=$(json_number "$store_done" status) || true
  else
    "$mtlgrid" "$1" "$folder/grid.ini" --trainers "$ranks" || status=$?
  fi
  if ! is_number "${status:-4}" || [ "${status:-4}" -gt 1 ]; then
    echo "demo: $1 ended with status ${status:-unknown}; rerun to resume" >&2
    exit "${status:-4}"
  fi
}

if [ -n "$slides" ]; then
  launch extract
  "$mtlgrid" query "$store" --view slide_counts
  "$mtlgrid" plan "$folder/grid.ini"
fi
launch run

# The folder's grid: the store may have others by now (run --init).
grid=$(json_number "$store_done" grid)
"$mtlgrid" tables "$store" ${grid:+--grid "$grid"} --out "$folder/tables"
cat "$folder/tables/table1.md"
echo
cat "$folder/tables/table2.md"
echo
echo "demo: all tables are in $folder/tables, the store is $store;" \
  "try: $mtlgrid query $store --view method_ranking" >&2
exit "$status"
