#!/bin/bash
# Watches full_benchmark.sh from the other nodes of its job, as a step of the job: with --no-kill Slurm leaves a job
# running without its script when the script's node is lost. The guard then requeues the job.
#
#   slurm/guard.sh NODE     NODE: the node that runs the script
#
# Only an answer that lists nodes, without that one, is believed: a command that fails or prints anything else says nothing.
set -euo pipefail
script_node=$1
# shellcheck source=slurm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${MTLGRID_ASK_SECONDS:=60}"
while sleep "$MTLGRID_GUARD_SECONDS"; do
  facts=$(ask_slurm squeue --noheader --jobs="$SLURM_JOB_ID" --format='%T %N' 2>/dev/null) || continue
  [[ $facts =~ ^RUNNING\ ([^[:space:]]+)[[:space:]]*$ ]] || continue
  hosts=$(ask_slurm scontrol show hostnames "${BASH_REMATCH[1]}" 2>/dev/null) || continue
  [[ -n $hosts ]] || continue
  lost=yes
  while read -r host; do
    if [[ ! $host =~ ^[A-Za-z0-9._-]+$ || $host == "$script_node" ]]; then lost=''; fi
  done <<<"$hosts"
  if [[ -n $lost ]]; then ask_slurm scontrol requeue "$SLURM_JOB_ID" || true; fi
done
