#!/bin/bash
# Trains one cell of a grid again in a job of its own, and compares it with the result that counts.
#
#   slurm/one_cell.sh CELL [CONFIG]      e.g. slurm/one_cell.sh MSI/LF/autol+cagrad/3 grid.ini
#
# Exits with the status of `mtlgrid cell`; at the walltime it checkpoints and exits with 3.
#SBATCH --job-name=mtlgrid-cell
#SBATCH --output=mtlgrid-cell-%j.log
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@300
#SBATCH --no-requeue
set -euo pipefail

# Slurm runs a copy from its spool folder, so the script searches for its companion files.
for folder in "${MTLGRID_SLURM_DIR:-}" "$(dirname "${BASH_SOURCE[0]}")" "${SLURM_SUBMIT_DIR:-.}/slurm"; do
  if [[ -r $folder/lib.sh ]]; then break; fi
done
[[ $folder == /* ]] || folder=$PWD/$folder
MTLGRID_SLURM_DIR=$folder
export MTLGRID_SLURM_DIR
# shellcheck source=slurm/lib.sh
. "$MTLGRID_SLURM_DIR/lib.sh"
read_site

cell=${1:-}
config=${2:-$MTLGRID_CONFIG}
[[ -n $cell ]] || die "name a cell, e.g. MSI/LF/autol+cagrad/3"
[[ -n $config ]] || die "name a configuration, or set MTLGRID_CONFIG in slurm/site.sh"
config=$(absolute_file "$config")
if [[ -z ${SLURM_JOB_ID:-} ]]; then
  check_before_submission "$config" "$cell"
  submit "$MTLGRID_SLURM_DIR/one_cell.sh" "$((MTLGRID_GPUS_PER_NODE > 0))" --nodes=1 --ntasks=1 -- "$cell" "$config"
fi

load_modules
# exec replaces this shell, so that Slurm's signal reaches the program.
exec "$MTLGRID_BINARY" cell "$config" "$cell" --verify
